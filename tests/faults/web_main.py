"""`gateway serve --no-worker`, the real one, in processes that kill themselves at the boundary that the environment names.

In come the arguments of `gateway serve`. Started by `stage`. gunicorn's parent dies with its child, as in a power cut.
"""

import sys
from collections.abc import Mapping

from flask import Flask, Response, request

from gateway import app
from gateway.api import out
from gateway.cli import main
from gateway.delivery import classic, committing, intake
from gateway.delivery.classic import Classic
from gateway.delivery.inbox import Inbox
from gateway.delivery.intake import Intake
from gateway.delivery.uploads import Uploads
from gateway.storage import inbox_locks
from gateway.storage.blobs import FileWriter
from tests.faults.boundaries import Boundary, arm


def answered(response: Response) -> None:
    """Called when the last byte of a 202 has been handed to the connection."""


def _tell_when_answered(build: object) -> object:
    def build_door(assembly: app.Assembly) -> Flask:
        door: Flask = build(assembly)  # type: ignore[operator]

        @door.after_request
        def watch(response: Response) -> Response:
            if request.method == "POST" and response.status_code == 202:
                response.call_on_close(lambda: sys.modules[__name__].answered(response))
            return response

        return door

    return build_door


BOUNDARIES: Mapping[str, Boundary] = {
    "drafting": Boundary(Intake, "draft", before=True),
    "drafted": Boundary(Intake, "draft"),
    "file-written": Boundary(FileWriter, "commit"),
    "row-written": Boundary(Uploads, "keep"),
    "committing": Boundary(intake, "commit_view", before=True),
    "in-commit": Boundary(committing, "queue"),
    "committed": Boundary(intake, "commit_view"),
    "created": Boundary(Classic, "create"),
    "in-classic-commit": Boundary(classic, "queue"),
    "classic-committed": Boundary(Classic, "_queue"),
    "answering": Boundary(out, "commitment_json"),
    "answered": Boundary(sys.modules[__name__], "answered"),
}

# Those of receiving, which a campaign of its own goes through.
RECEIVING: Mapping[str, Boundary] = {
    "locking": Boundary(Inbox, "peek", before=True),
    "locked": Boundary(Inbox, "peek", counts=lambda _, found: found is not None),
    "popped": Boundary(Inbox, "pop"),
    "acknowledging": Boundary(Inbox, "acknowledge", before=True),
    "in-acknowledgement": Boundary(inbox_locks, "acknowledge"),
    "acknowledged": Boundary(Inbox, "acknowledge"),
}


def run() -> None:
    """Be a server."""
    app.build_door = _tell_when_answered(app.build_door)  # type: ignore[assignment]
    arm({**BOUNDARIES, **RECEIVING})
    main()


if __name__ == "__main__":
    run()
