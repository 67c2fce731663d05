"""`gateway worker`, the real one, in a process that kills itself at the step boundary that the environment names.

In come the arguments of `gateway worker`. Started by `stage`. Every worker of the campaign is this one, for it is also
less patient with a half uploaded transfer: ten minutes is right for a slow line, not for a test.
"""

from collections.abc import Mapping
from datetime import timedelta

from gateway.cli import main
from gateway.delivery import crediting, journey, packages
from gateway.delivery.carrier import Carrier
from gateway.delivery.committing import DELIVER
from gateway.delivery.housekeeping import Housekeeping
from gateway.delivery.journey import Journey
from gateway.delivery.packages import Packages
from gateway.delivery.receipts import Receipts
from gateway.delivery.storing import Storing
from gateway.storage import inbox, receipts_out, tasks
from gateway.transports.dpo import DpoTransport
from gateway.transports.dpo.body import UploadBody
from gateway.transports.dpo.broker import Broker
from tests.faults.boundaries import Boundary, arm

PATIENCE = timedelta(seconds=5)

BOUNDARIES: Mapping[str, Boundary] = {
    "claimed": Boundary(
        tasks, "claim_each", counts=lambda arguments, claimed: any(each.kind == DELIVER for each in claimed)
    ),
    "addressed": Boundary(Journey, "address"),
    "rendered": Boundary(Journey, "render"),
    "sealed": Boundary(Journey, "seal"),
    "initialised": Boundary(Broker, "initialise"),
    "remembered": Boundary(Broker, "upload", before=True),
    "uploading": Boundary(UploadBody, "_count", before=True, counts=lambda arguments, _: arguments[1] > 0),
    "uploading-on": Boundary(UploadBody, "_count", before=True, counts=lambda arguments, _: arguments[0].sent > 0),
    "uploaded": Boundary(Broker, "upload"),
    "sent": Boundary(Carrier, "_record_sent"),
    "found": Boundary(Journey, "follow"),
    "followed": Boundary(Carrier, "_follow"),
    "fetched": Boundary(crediting, "_read_receipt"),
    "recorded": Boundary(Broker, "confirm", before=True),
    "confirmed": Boundary(Broker, "confirm"),
    "expiring": Boundary(Carrier, "expire", before=True),
    "expired": Boundary(Carrier, "expire"),
    "sweeping": Boundary(Housekeeping, "expire_drafts"),
    "swept": Boundary(Housekeeping, "sweep_bytes"),
}

# Those of receiving, which a campaign of its own goes through.
RECEIVING: Mapping[str, Boundary] = {
    "arrived": Boundary(DpoTransport, "_download"),
    "half-opened": Boundary(packages, "examine_package"),
    "opened": Boundary(Packages, "open"),
    "storing": Boundary(inbox, "insert"),
    "stored": Boundary(Storing, "take_in"),
    "told-channel": Boundary(DpoTransport, "confirm"),
    "receipt-named": Boundary(receipts_out, "set_reference"),
    "receipt-uploading": Boundary(Broker, "upload", before=True),
    "receipt-uploaded": Boundary(Broker, "upload"),
    "receipt-sending": Boundary(receipts_out, "set_sent", before=True),
    "receipt-sent": Boundary(Receipts, "_record_sent"),
}


def run() -> None:
    """Be a worker."""
    journey.BUSY_PATIENCE = PATIENCE
    arm({**BOUNDARIES, **RECEIVING})
    main()


if __name__ == "__main__":
    run()
