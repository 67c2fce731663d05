"""Two gateways as two organisations against one sandbox: what one sends, the other receives, and tells so."""

from collections.abc import Iterator

import pytest

from gateway.delivery.inbox import Inbox
from gateway.delivery.submission import Caller
from gateway.sandbox.assembly import Pace
from gateway.sandbox.server import Sandbox
from tests.documents import DPO
from tests.journeys.following import send, wait_for_status
from tests.live import Gateway, read_schemas, serving, working
from tests.secrets import PDF


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Gateway]]:
    """HAVNES KOMMUNE and FJORDVIK TILSYN, each with a gateway and a worker of its own."""
    folder = tmp_path_factory.mktemp("world")
    with Sandbox.start(folder / "sandbox", schemas=read_schemas(), pace=Pace(virus_scan=0.05, poll=0.1)) as sandbox:
        with serving(sandbox, folder / "a") as a, serving(sandbox, folder / "b", organisation=DPO) as b:
            with working(a), working(b):
                yield a, b


def inbox_of(gateway: Gateway) -> tuple[Inbox, Caller]:
    """The room behind the door, and who asks."""
    assembly = gateway.assembly
    caller = Caller("local", "local", assembly.settings.organisations)
    from gateway.app import now

    return Inbox(assembly.database, assembly.blobs, now), caller


def test_try(world: tuple[Gateway, Gateway]) -> None:
    a, b = world
    (message_id,) = send(a)
    wait_for_status(a, message_id, "MOTTATT")
    room, caller = inbox_of(b)
    found = room.peek(caller)
    assert found is not None
    assert found.message_id == message_id
    assert found.signature.verdict == "VALID", found.signature
    print(found)
    container = room.pop(message_id, caller)
    assert container is not None
    with container.open() as source:
        assert len(source.read()) == container.size
    document = room.open_document(message_id, "vedtak.pdf", caller=caller)
    assert b"".join(document.blocks) == PDF
    room.acknowledge(message_id, caller)
    assert wait_for_status(a, message_id, "LEVERT") == ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT"]
