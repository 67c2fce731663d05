"""Two gateways that write to each other, for the tests of what comes in."""

from collections.abc import Iterator

import pytest

from tests.two_gateways import World, two_gateways


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Shared by the tests of this folder, which send messages of their own."""
    with two_gateways(tmp_path_factory.mktemp("world")) as both:
        yield both
