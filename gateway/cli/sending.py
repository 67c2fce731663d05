"""One submission from a person's shell: post, choose, confirm, upload, commit, follow.

In come a `Wish` and a `RemoteGateway`, out comes an exit code. Called by `gateway send`. Each step shows what it did;
nothing is sent before the commit.
"""

import os
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from gateway.cli.remote import Json, RemoteGateway
from gateway.cli.screen import Screen
from gateway.cli.showing import is_sent, news_since, show_conversation, show_problems, show_statuses
from gateway.language import say

DONE, NOT_DONE = 0, 1
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What to send and how. `confidential` None says nothing; `confirm` holds the codes that a person says yes to."""

    arkivmelding: Path
    documents: tuple[Path, ...] = ()
    recipients: tuple[Json, ...] = ()
    sender: str | None = None
    confidential: bool | None = None
    confirm: frozenset[str] = frozenset()
    select_ready: bool = False
    dry_run: bool = False
    wait: bool = False
    lenient: bool = False
    convert: bool = False
    fill: tuple[tuple[str, str], ...] = ()
    in_reply_to: str | None = None


class Commit(StrEnum):
    """How far the one step has come that cannot be undone."""

    NOT_YET = "not yet"
    ASKED = "asked for, no answer yet"
    DONE = "done"


class Sending:
    """One submission on its way. `draft` is its conversationId, `commit` how far the point of no return is."""

    def __init__(self, remote: RemoteGateway, screen: Screen) -> None:
        self._remote = remote
        self._screen = screen
        self.draft = ""
        self.commit = Commit.NOT_YET

    def run(self, wish: Wish) -> int:
        """All of it; 0 done, 1 not ready or not delivered. Raises what the gateway refuses."""
        view = self._post(wish)
        show_conversation(self._screen, view)
        if wish.dry_run:
            self._screen.say(say("dry run: nothing is kept, nothing is sent"))
            return DONE
        self.draft = view["conversationId"]
        self._choose(view, wish)
        self._upload(wish.documents)
        if wish.select_ready:
            self._remote.edit(self.draft, {"select": "ready"})
        view = self._remote.look(self.draft)
        if not view["ready"]:
            return self._tell_not_ready(view)
        self._commit()
        return self._follow() if wish.wait else DONE

    def _post(self, wish: Wish) -> Json:
        options: Json = {}
        if wish.sender:
            options["sender"] = wish.sender
        if wish.confidential:
            options["confidential"] = True
        if wish.in_reply_to:
            options["inReplyTo"] = wish.in_reply_to
        if wish.lenient:
            options["handling"] = "lenient"
        if wish.convert:
            options |= {"convert": True, "fill": dict(wish.fill)}
        xml = wish.arkivmelding.read_bytes()
        return self._remote.post(xml, recipients=wish.recipients, options=options, dry_run=wish.dry_run)

    def _choose(self, view: Json, wish: Wish) -> None:
        """Lower the confidentiality first, for that drops confirmations; then say yes."""
        if wish.confidential is False:
            view = self._remote.edit(self.draft, {"confidential": False})
        changes = find_confirmations(view, wish.confirm)
        if changes:
            self._remote.edit(self.draft, changes)
        for code in sorted(wish.confirm - _codes_in(changes)):
            self._screen.say(say("note: nothing here asks for {code} to be confirmed", code=code))

    def _upload(self, documents: Iterable[Path]) -> None:
        for path in documents:
            name = unicodedata.normalize("NFC", path.name)
            size = path.stat().st_size
            with path.open("rb") as file, self._screen.uploading(name, size) as advance:
                self._remote.upload(self.draft, name, content=MeasuredFile(file, advance))

    def _commit(self) -> None:
        self.commit = Commit.ASKED
        answer = self._remote.commit(self.draft)
        self.commit = Commit.DONE
        sent, left_out = answer["messages"], answer["notSent"]
        words = say("committed: {sent} on the way, {left_out} left out", sent=len(sent), left_out=len(left_out))
        self._screen.say(words)
        for each in sent:
            self._screen.say(
                say(
                    "  {recipient} by {channel}, message {id}",
                    recipient=each["recipient"],
                    channel=each["serviceIdentifier"],
                    id=each["messageId"],
                )
            )
        self._screen.say(say("follow it with: gateway status {id}", id=self.draft))

    def _follow(self) -> int:
        seen: set[tuple[str, str]] = set()
        for answer in follow(self._remote, self.draft):
            for line in news_since(seen, answer):
                self._screen.say(line)
        show_statuses(self._screen, answer)
        sent = [message for message in answer["messages"] if is_sent(message)]
        return DONE if all(message["outcome"] == "delivered" for message in sent) else NOT_DONE

    def _tell_not_ready(self, view: Json) -> int:
        self._screen.say(say("not ready, so nothing has been sent:"), style="bold red")
        show_problems(self._screen, view)
        self._screen.say(self.how_to_go_on())
        return NOT_DONE

    def note_refusal(self) -> None:
        """The gateway said no, so a commit that was asked for was not taken."""
        if self.commit is Commit.ASKED:
            self.commit = Commit.NOT_YET

    def how_to_go_on(self) -> str:
        """What stands, and what can be done about it, when we stop here."""
        if self.commit is Commit.DONE:
            return say("It is committed and goes on by itself. Look with: gateway status {id}", id=self.draft)
        if self.commit is Commit.ASKED:
            return say("Whether the commit was taken is not known. Look first: gateway status {id}", id=self.draft)
        if not self.draft:
            return say("Nothing was sent, and no draft was kept.")
        return say(
            "The draft {id} stands as it is until it expires; nothing of it has been sent.\n"
            "  Look at it, mend it, commit it: {url}/out/messages/{id} (GET, PUT, POST)\n"
            "  Throw it away: the same address with DELETE",
            id=self.draft,
            url=self._remote.url,
        )


def find_confirmations(view: Json, codes: Iterable[str]) -> Json:
    """The edit that says yes to these codes wherever they are asked for; empty where they are not."""
    wanted = set(codes)
    entries = [
        {"messageId": prototype["messageId"], "confirm": asked}
        for prototype in view["prototypes"]
        if (asked := _asked_for(prototype["problems"], wanted))
    ]
    whole = _asked_for(view["problems"], wanted)
    return ({"prototypes": entries} if entries else {}) | ({"confirm": whole} if whole else {})


def follow(remote: RemoteGateway, any_id: str, *, seconds: float = _LOOK_SECONDS) -> Iterator[Json]:
    """The statuses again and again, until every message that was sent has come to an end."""
    while True:
        answer = remote.statuses(any_id)
        yield answer
        if all(message["outcome"] != "pending" for message in answer["messages"] if is_sent(message)):
            return
        time.sleep(seconds)


def _asked_for(problems: Iterable[Json], wanted: set[str]) -> list[str]:
    asked = [problem["code"] for problem in problems if problem["severity"] == "confirm"]
    return [code for code in dict.fromkeys(asked) if code in wanted]


def _codes_in(changes: Json) -> set[str]:
    listed = [
        *changes.get("confirm", []),
        *(code for each in changes.get("prototypes", []) for code in each["confirm"]),
    ]
    return set(listed)


class MeasuredFile:
    """A file that is read once from the beginning, its length known, each block reported."""

    def __init__(self, file: BinaryIO, advance: Callable[[int], None]) -> None:
        self._file = file
        self._advance = advance
        self._size = os.fstat(file.fileno()).st_size

    def __len__(self) -> int:
        """The size in bytes; becomes Content-Length."""
        return self._size

    def read(self, size: int = -1) -> bytes:
        """The next block."""
        block = self._file.read(size)
        self._advance(len(block))
        return block
