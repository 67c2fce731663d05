"""`POST /api/messages/out/multipart`: an SBD and its files in one request, created, uploaded and sent, or nothing of it.

In comes a form: part `sbd` is the SBD, whatever it calls itself; every other file is an attachment, its part's name the
title. Out goes the SBD. Reference §2.5.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO

from flask import Response, request
from werkzeug.sansio.multipart import Data, Epilogue, Field, File

from gateway.api.bodies import read_events
from gateway.api.nextmove import queries
from gateway.api.nextmove.media import media_type_of
from gateway.api.nextmove.routing import Routes
from gateway.api.nextmove.wire import answer, read_text
from gateway.api.rooms import rooms
from gateway.delivery.uploads import Incoming, too_many
from gateway.errors import Conflict, Invalid, TooLarge, Unreadable, UnsupportedType
from gateway.language import say

FILE_LIMIT = 5 * 1024 * 1024
_SBD, _SBD_LIMIT = "sbd", 1024 * 1024
_IN_MEMORY = 256 * 1024
_SEVERAL_STEPS = say("Send it in several steps: POST /api/messages/out, a PUT for each file, and a POST to send it.")


def put(routes: Routes) -> None:
    """Put these routes where they belong."""
    routes.add("POST /messages/out/multipart", send_form)


def send_form() -> Response:
    """Create, upload and send; where one of them fails, nothing is left."""
    with _reading() as form:
        sbd = _read_sbd(form)
        _require_unlike(form)
        sending, caller = rooms().nextmove.sending, queries.sender()
        view = sending.send_at_once(sbd, form.files(), caller=caller, program=queries.program())
    return answer(view.sbd)


@dataclass(slots=True)
class _Part:
    """One part as it comes: the SBD, or a file."""

    name: str
    filename: str | None
    mime: str
    charset: str
    content: IO[bytes] | None = None
    size: int = 0

    @property
    def is_sbd(self) -> bool:
        return self.name == _SBD

    def write(self, data: bytes) -> None:
        self.size += len(data)
        if self.is_sbd and self.size > _SBD_LIMIT:
            raise Unreadable(
                say("the body is longer than the {limit} bytes that are read here", limit=_SBD_LIMIT), code="LIMIT"
            )
        if self.size > FILE_LIMIT:
            raise TooLarge(
                say(
                    "{filename} is larger than the {limit} bytes that a file of a form may have",
                    filename=self.filename or self.name,
                    limit=FILE_LIMIT,
                ),
                code="PART_TOO_LARGE",
                mend=_SEVERAL_STEPS,
            )
        if self.content is not None:
            self.content.write(data)


@dataclass(slots=True)
class _Form:
    """What has come so far."""

    kept: ExitStack
    parts: list[_Part] = field(default_factory=list)

    def open(self, event: Field | File) -> _Part:
        """The next part. A field that is no file is passed over, as there, but for the SBD."""
        declared = event.headers.get("Content-Type", "")
        filename = event.filename if isinstance(event, File) else None
        charset = declared.partition("charset=")[2].strip(' "')
        part = _Part(event.name or "", filename, media_type_of(declared, filename or ""), charset)
        if part.is_sbd or filename is not None:
            part.content = self.kept.enter_context(SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115
            self.parts.append(part)
        most = rooms().intake.kit.limits.documents
        if len(self.parts) > most + 1:
            raise too_many(most)
        return part

    def files(self) -> list[Incoming]:
        """The attachments, to be read from their beginning."""
        found = []
        for part in self.parts:
            if not part.is_sbd and part.content is not None:
                part.content.seek(0)
                title = part.name or None
                found.append(Incoming(part.filename or "", part.mime, part.size, part.content, title=title))
        return found


@contextmanager
def _reading() -> Iterator[_Form]:
    """The whole form, its parts on disk while the block lasts."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedType(
            say("this route takes multipart/form-data"), code="CONTENT_TYPE", mend=say("Send it as a form.")
        )
    with ExitStack() as kept:
        form = _Form(kept)
        part: _Part | None = None
        for event in read_events():
            if isinstance(event, (Field, File)):
                part = form.open(event)
            elif isinstance(event, Data) and part is not None:
                part.write(event.data)
            elif isinstance(event, Epilogue):
                break
        yield form


def _read_sbd(form: _Form) -> dict[str, object]:
    found = [part.content for part in form.parts if part.is_sbd]
    if len(found) != 1 or found[0] is None:
        raise Unreadable(
            say("the form must have one part named sbd, and has {count}", count=len(found)),
            code="PART_MISSING",
            mend=say("Send the SBD as the field sbd."),
        )
    found[0].seek(0)
    charset = next(part.charset for part in form.parts if part.is_sbd)
    sbd = read_text(found[0].read(), charset=charset, where=_SBD)
    if not isinstance(sbd, dict):
        raise Invalid(say("the body is no JSON object"), code="NOT_JSON", mend=say("Send a JSON object."))
    return sbd


def _require_unlike(form: _Form) -> None:
    names = [part.filename for part in form.parts if not part.is_sbd]
    twice = [name for name in dict.fromkeys(names) if name and names.count(name) > 1]
    if twice:
        raise Conflict(
            say("the form holds several files named {names}", names=", ".join(twice)),
            code="DUPLICATE_FILENAME",
            mend=say("Give each file a name of its own."),
        )
