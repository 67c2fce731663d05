"""`python -m gateway.cli`: the same command where no script is installed.

`serve` and `demo` start their children this way, whatever the search path for programs holds.
"""

from gateway.cli import main

if __name__ == "__main__":
    main()
