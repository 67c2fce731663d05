"""The command `gateway`. `main` is the entry point of the installed script.

Nothing is imported before it is needed: `gateway validate` must start about as fast as Python and lxml do.
"""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from gateway.cli.commands import gateway

    gateway.main(prog_name="gateway")
