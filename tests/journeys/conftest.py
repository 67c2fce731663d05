"""What one journey leaves under way in the outside world does not meet the next one's faults."""

from collections.abc import Iterator

import pytest
import requests

from gateway.sandbox.server import Sandbox

_OVER = {"AllConfirmedDownloaded", "Purged", "Failed", "Cancelled"}


@pytest.fixture(autouse=True)
def _nothing_left_under_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Afterwards the transfers that nobody has fetched are cancelled."""
    sandbox: Sandbox | None = request.getfixturevalue("sandbox") if "sandbox" in request.fixturenames else None
    yield
    if sandbox is None:
        return
    transfers = f"{sandbox.url}/_sim/transfers"
    for entry in requests.get(transfers, timeout=10).json():
        if entry["fileTransferStatus"] not in _OVER:
            requests.post(f"{transfers}/{entry['fileTransferId']}", json={"state": "Cancelled"}, timeout=10)
