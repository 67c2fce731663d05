"""Times on the wire: RFC 3339 in UTC with milliseconds, read with or without a zone.

Called by every file of the doors.
"""

from datetime import UTC, datetime


def moment(value: datetime | None) -> str | None:
    """`2026-11-23T09:15:00.000Z`, or None."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
