"""Who sends and who receives in the tests of this room, under one authority."""

import pytest

from gateway.keys import KeyPair, TrustRoots
from gateway.packaging.opener import Trust
from tests.certificates import NOW, Authority, issue, make_authority


@pytest.fixture(scope="session")
def authority() -> Authority:
    """The root that both sides trust."""
    return make_authority("Testrot")


@pytest.fixture(scope="session")
def sender(authority: Authority) -> KeyPair:
    """Whose signature stands on the packages."""
    return issue(authority, "311000012", "Avsender kommune")


@pytest.fixture(scope="session")
def recipient(authority: Authority) -> KeyPair:
    """To whom they are encrypted."""
    return issue(authority, "311000020", "Mottaker direktorat")


@pytest.fixture(scope="session")
def trust(authority: Authority, recipient: KeyPair) -> Trust:
    """What the recipient judges a package with."""
    return Trust((recipient,), TrustRoots([authority[1]]), NOW)
