"""HEAD at an address whose GET takes something: Flask would run the GET and throw the answer away.

Called by both peeks: a monitor that asks with HEAD would otherwise lock a message that nobody has seen.
"""

from flask import request
from werkzeug.exceptions import MethodNotAllowed


def require_get() -> None:
    """405 for HEAD."""
    if request.method == "HEAD":
        raise MethodNotAllowed(valid_methods=["GET"])
