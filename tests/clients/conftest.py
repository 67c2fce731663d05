"""Two gateways that write to each other; `a` asks for a login, as an installation of the reference does."""

from collections.abc import Iterator

import pytest
from werkzeug.security import generate_password_hash

from gateway.app import now
from gateway.storage import clients
from gateway.storage.clients import Client, ClientKind
from tests.documents import SENDER
from tests.live import Gateway
from tests.two_gateways import World, two_gateways

LOGIN = ("fagsystem", "hemmelig passord")


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Shared by the clients, each of which sends messages of its own."""
    with two_gateways(tmp_path_factory.mktemp("clients")) as both:
        secret = generate_password_hash(LOGIN[1])
        client = Client("c", LOGIN[0], ClientKind.BASIC, secret, (SENDER,), now(), handling="lenient")
        with both.a.assembly.database.writing() as connection:
            clients.add(connection, client)
        both.a.session.auth = LOGIN
        yield both


@pytest.fixture
def gateway(world: World) -> Gateway:
    """The installation that the client is pointed at."""
    return world.a
