"""The command `gateway`. `main` is the entry point of the installed script.

Nothing is imported before it is needed: `gateway validate` must start about as fast as Python and lxml do.
"""

import gc
import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # To start makes no garbage, and to look for some is a tenth of the start. A command that goes on turns it on again.
    gc.disable()
    from gateway.cli.commands import gateway

    try:
        gateway.main(prog_name="gateway")
    except SystemExit as ending:
        if sys.argv[1:2] == ["validate"] and isinstance(ending.code, int):
            _leave(ending.code)
        raise


def _leave(code: int) -> None:
    """End at once. Taking a process down piece by piece is as long as checking a file; `validate` leaves nothing open."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
