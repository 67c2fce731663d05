"""`POST /api/messages/out/multipart`: an SBD and its files in one request, created, uploaded and sent, or nothing of it.

In comes a form: part `sbd` is the SBD, whatever it calls itself; every other file is an attachment, its part's name the
title. Out goes the SBD. Reference §2.5.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from flask import Response, request
from werkzeug.sansio.multipart import Data, Field, File

from gateway.api.bodies import read_events
from gateway.api.nextmove import queries
from gateway.api.nextmove.media import media_type_of
from gateway.api.nextmove.routing import Routes
from gateway.api.nextmove.wire import answer, read_text
from gateway.api.rooms import rooms
from gateway.delivery.uploads import Incoming, too_many
from gateway.errors import Conflict, Invalid, TooLarge, Unreadable, UnsupportedType
from gateway.language import say
from gateway.storage.blobs import BlobWriter
from gateway.storage.documents import StoredDocument

FILE_LIMIT = 5 * 1024 * 1024
_SBD, _SBD_LIMIT = "sbd", 1024 * 1024
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
    """One part as it comes: the SBD into memory, a file sealed to disk, a field that is neither nowhere."""

    name: str
    filename: str | None
    mime: str
    charset: str
    writer: BlobWriter | None = None
    text: bytearray = field(default_factory=bytearray)
    size: int = 0
    document: StoredDocument | None = None

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
        if self.is_sbd:
            self.text += data
        elif self.writer is not None:
            self.writer.write(data)

    def close(self) -> None:
        """All of it has come."""
        if self.writer is not None:
            self.document = rooms().uploads.finish(self.writer, self.filename or "", mime=self.mime)
            self.writer = None

    def drop(self) -> None:
        """It is needed no more: what was sent has been written once more, in its place."""
        if self.writer is not None:
            self.writer.abort()
        if self.document is not None:
            rooms().uploads.drop([self.document])


@dataclass(slots=True)
class _Form:
    """What has come so far."""

    parts: list[_Part] = field(default_factory=list)

    def open(self, event: Field | File) -> _Part:
        """The next part. A field that is no file is passed over, as there, but for the SBD."""
        declared = event.headers.get("Content-Type", "")
        filename = event.filename if isinstance(event, File) else None
        charset = declared.partition("charset=")[2].strip(' "')
        part = _Part(event.name or "", filename, media_type_of(declared, filename or ""), charset)
        if part.is_sbd or filename is not None:
            self.parts.append(part)
        most = rooms().intake.kit.limits.documents
        if len(self.parts) > most + 1:
            raise too_many(most)
        if filename is not None and not part.is_sbd:
            part.writer = rooms().uploads.begin()
        return part

    def files(self) -> list[Incoming]:
        """The attachments, each to be read once."""
        return [
            Incoming(part.filename or "", part.mime, part.size, _Later(part.document.key), title=part.name or None)
            for part in self.parts
            if part.document is not None
        ]


class _Later:
    """A file of the form, opened when it is read and closed at its end: a form may have many."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._source: BinaryIO | None = None

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end."""
        if self._source is None:
            self._source = rooms().intake.blobs.open(self._key)
        block = self._source.read(size)
        if not block:
            self._source.close()
        return block


@contextmanager
def _reading() -> Iterator[_Form]:
    """The whole form, its files sealed on disk while the block lasts."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedType(
            say("this route takes multipart/form-data"), code="CONTENT_TYPE", mend=say("Send it as a form.")
        )
    form = _Form()
    try:
        part: _Part | None = None
        for event in read_events():
            if isinstance(event, (Field, File)):
                part = form.open(event)
            elif isinstance(event, Data) and part is not None:
                part.write(event.data)
                if not event.more_data:
                    part.close()
        yield form
    finally:
        for each in form.parts:
            each.drop()


def _read_sbd(form: _Form) -> dict[str, object]:
    found = [part for part in form.parts if part.is_sbd]
    if len(found) != 1:
        raise Unreadable(
            say("the form must have one part named sbd, and has {count}", count=len(found)),
            code="PART_MISSING",
            mend=say("Send the SBD as the field sbd."),
        )
    sbd = read_text(bytes(found[0].text), charset=found[0].charset, where=_SBD)
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
