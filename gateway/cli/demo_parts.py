"""What the steps of the demo share: samples, uploads, and watching the statuses come in.

Called by `demo_steps` and `demo_dialect`.
"""

import time
from collections.abc import Iterable
from importlib.resources.abc import Traversable
from io import BytesIO

from gateway.cli.remote import Json, RemoteGateway
from gateway.cli.screen import Screen
from gateway.cli.showing import is_sent, news_since, show_statuses

_PATIENCE = 40.0
_LOOK = 0.3


class _Bytes(BytesIO):
    """Bytes to be uploaded, their number known."""

    def __len__(self) -> int:
        return len(self.getbuffer())


def read_sample(folder: Traversable, name: str) -> bytes:
    """The bytes of one file of a sample."""
    return folder.joinpath(name).read_bytes()


def upload(remote: RemoteGateway, conversation_id: str, *, files: Iterable[tuple[str, bytes]], screen: Screen) -> None:
    """Each file by name, with a progress bar."""
    for name, content in files:
        with screen.uploading(name, len(content)) as advance:
            remote.upload(conversation_id, name, content=_Bytes(content))
            advance(len(content))


def watch(remote: RemoteGateway, conversation_id: str, *, until: str, screen: Screen) -> list[Json]:
    """Show the statuses as they come, until every message that was sent has this one; those messages."""
    seen: set[tuple[str, str]] = set()
    give_up = time.monotonic() + _PATIENCE
    while True:
        statuses = remote.statuses(conversation_id)
        for line in news_since(seen, statuses):
            screen.say(f"  {line}")
        sent = [message for message in statuses["messages"] if is_sent(message)]
        if all(has_status(message, until) for message in sent) or time.monotonic() > give_up:
            show_statuses(screen, statuses)
            return sent
        time.sleep(_LOOK)


def has_status(message: Json, status: str) -> bool:
    """Whether a message has had this status."""
    return any(event["status"] == status for event in message["statuses"])
