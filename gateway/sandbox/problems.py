"""Problem details (RFC 9457) as the Broker and the sandbox's own controls answer them.

Comes in: a `Refused`; goes out: the response with its status. Called by the Broker's door and by the controls.
"""

from flask import Response, jsonify

from gateway.errors import Conflict, Invalid, NotAllowed, NotFound, NotLoggedIn, Refused, TooLarge, Unreadable

_STATUSES: tuple[tuple[type[Refused], int, str], ...] = (
    (NotLoggedIn, 401, "Unauthorized"),
    (NotAllowed, 403, "Forbidden"),
    (NotFound, 404, "Not Found"),
    (Conflict, 409, "Conflict"),
    (TooLarge, 400, "Bad Request"),  # the Broker's own table of errors has no 413
    (Invalid, 400, "Bad Request"),
    (Unreadable, 400, "Bad Request"),
)


def write_problem(fault: Refused) -> Response:
    """The problem as a response; an error without a place in the table is a 500."""
    status, title = next(
        ((number, name) for error, number, name in _STATUSES if isinstance(fault, error)),
        (500, "Internal Server Error"),
    )
    response = jsonify(type="about:blank", title=title, status=status, detail=fault.message)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response
