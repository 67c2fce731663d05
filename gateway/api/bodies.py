"""Reading bodies: the arkivmelding alone, or a multipart form whose documents go straight to the document store.

In comes the request's stream, out comes a `Form`. Called by `api.out`. A body that ends early is refused, whichever way
the server hands it over; whatever was written to disk by then is dropped by the caller.
"""

import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from flask import request
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from gateway.arkivmelding.filenames import folded
from gateway.delivery.uploads import Readable, Uploads, check_filename, too_large, too_many
from gateway.errors import Conflict, GatewayError, Invalid, Unreadable
from gateway.language import say
from gateway.storage.blobs import BlobWriter
from gateway.storage.documents import StoredDocument

BLOCK = 1024 * 1024
XML_TYPES = frozenset({"application/xml", "text/xml"})
_SMALL_PART = 1024 * 1024
JSON_PARTS = frozenset({"recipients", "options"})
# What HTTP clients send by themselves when nobody told them what the bytes are.
_MEANINGLESS_TYPES = frozenset(
    {"", "application/octet-stream", "application/x-www-form-urlencoded", "binary/octet-stream"}
)


class Body:
    """The request's body in blocks. `declared` is the promised length (None when chunked), `count` what has come.

    An end before the declared length is `Unreadable`, not an end.
    """

    def __init__(self) -> None:
        self._stream: Readable = request.stream
        self.declared = request.content_length
        self.count = 0

    def read(self, size: int = -1, /) -> bytes:
        """The next block; empty at a true end only."""
        try:
            block = self._stream.read(size)
        except Exception as fault:
            # Which class tells of a broken connection or chunk depends on the server; none of them is ours.
            raise _cut_off(self.count, self.declared) from fault
        self.count += len(block)
        if not block and self.declared is not None and self.count != self.declared:
            raise _cut_off(self.count, self.declared)
        return block


@dataclass(slots=True)
class Form:
    """What came in: the XML, the JSON parts as text, the documents on disk, and a digest over all parts."""

    xml: bytes | None = None
    texts: dict[str, bytes] = field(default_factory=dict)
    documents: list[StoredDocument] = field(default_factory=list)
    digests: list[tuple[str, str, str, str]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    @property
    def digest(self) -> str:
        """SHA-256 over the parts, sorted by name, filename, type and content: the same content in any order is the same."""
        return hashlib.sha256(repr(sorted(self.digests)).encode()).hexdigest()


def read_xml(form: Form, *, limit: int) -> None:
    """A body that is the arkivmelding itself; `Unreadable` beyond `limit` bytes."""
    form.xml = _read_up_to(Body(), limit)
    form.digests.append(("arkivmelding", "", "", hashlib.sha256(form.xml).hexdigest()))


def read_bytes(limit: int) -> bytes:
    """A small body as a whole."""
    return _read_up_to(Body(), limit)


def read_multipart(form: Form, uploads: Uploads, *, xml_limit: int) -> None:
    """Fill `form` part by part; on any error what it holds so far is the caller's to drop."""
    receiver: _Part | None = None
    try:
        for event in read_events():
            if isinstance(event, (Field, File)):
                receiver = _open_part(event, form, uploads=uploads, xml_limit=xml_limit)
            elif isinstance(event, Data) and receiver is not None:
                receiver.write(event.data)
                if not event.more_data:
                    receiver.close()
                    receiver = None
    except BaseException:
        if receiver is not None:
            receiver.abort()
        raise


def read_events() -> Iterator[object]:
    """What a multipart body consists of, piece by piece; `Unreadable` where it is none, or is cut off."""
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary:
        raise Unreadable("the multipart body has no boundary", code="MULTIPART", mend="Let the HTTP client set it.")
    yield from _events(MultipartDecoder(boundary.encode()))


def _events(decoder: MultipartDecoder) -> Iterator[object]:
    body = Body()
    while True:
        try:
            event = decoder.next_event()
        except ValueError as fault:
            if decoder.complete:
                # The body ended without its closing boundary: the last part may lack its end.
                raise _cut_off(body.count, body.declared) from fault
            message = say("the multipart body cannot be read: {reason}", reason=str(fault))
            raise Unreadable(message, code="MULTIPART") from fault
        if isinstance(event, NeedData):
            decoder.receive_data(body.read(BLOCK) or None)
        elif isinstance(event, Epilogue):
            while body.read(BLOCK):
                pass
            return
        else:
            yield event


class _Part(Protocol):
    """Where the bytes of one part go."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class _Small:
    """A part that is kept in memory: the arkivmelding or a JSON part."""

    def __init__(self, name: str, form: Form, *, limit: int) -> None:
        self._name = name
        self._form = form
        self._limit = limit
        self._content = bytearray()

    def write(self, data: bytes) -> None:
        self._content += data
        if len(self._content) > self._limit:
            raise _too_long(self._limit)

    def close(self) -> None:
        content = bytes(self._content)
        if self._name == "arkivmelding":
            self._form.xml = content
        else:
            self._form.texts[self._name] = content
        self._form.digests.append((self._name, "", "", hashlib.sha256(content).hexdigest()))

    def abort(self) -> None:
        self._content.clear()


class _Document:
    """A part that goes straight to the document store."""

    def __init__(self, event: File, form: Form, *, uploads: Uploads, limit: int) -> None:
        self._name = event.name
        self._filename = check_filename(event.filename)
        self._mime = media_type(event.headers.get("Content-Type", ""), self._filename)
        self._form = form
        self._uploads = uploads
        self._limit = limit
        self._size = 0
        self._writer: BlobWriter = uploads.begin()

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise too_large(self._filename, self._size, limit=self._limit)
        self._writer.write(data)

    def close(self) -> None:
        document = self._uploads.finish(self._writer, self._filename, mime=self._mime)
        twin = next((each for each in self._form.documents if folded(each.filename) == folded(self._filename)), None)
        if twin is not None and (twin.sha256 == document.sha256 and twin.filename == document.filename):
            self._uploads.drop([document])
            return
        self._form.documents.append(document)
        if twin is not None:
            raise Conflict(
                say("the form holds {filename} twice, with other bytes or in other case", filename=self._filename),
                code="OTHER_BYTES",
                mend="Send each document once.",
            )
        if len(self._form.documents) > self._uploads.intake.kit.limits.documents:
            raise too_many(self._uploads.intake.kit.limits.documents)
        self._form.digests.append((self._name, self._filename, self._mime, document.sha256.hex()))

    def abort(self) -> None:
        self._writer.abort()


def _open_part(event: Field | File, form: Form, *, uploads: Uploads, xml_limit: int) -> _Part:
    if event.name in form.seen and (event.name == "arkivmelding" or event.name in JSON_PARTS):
        raise Unreadable(
            say("the form has two parts named {name}", name=event.name),
            code="DUPLICATE_PART",
            mend="Send each of them once.",
        )
    form.seen.add(event.name)
    if event.name == "arkivmelding":
        return _Small(event.name, form, limit=xml_limit)
    if event.name in JSON_PARTS:
        return _Small(event.name, form, limit=_SMALL_PART)
    if isinstance(event, File):
        return _Document(event, form, uploads=uploads, limit=uploads.intake.settings.maximum_upload)
    raise Invalid(
        say(
            "the form has a part {name!r} that is neither arkivmelding, recipients nor options, and has no file name",
            name=event.name,
        ),
        code="UNKNOWN_PART",
        mend="Send documents as file parts, each with its file name.",
    )


def media_type(declared: str, filename: str) -> str:
    """The media type of a document: what the sender says, or by the file's ending where that says nothing."""
    plain = declared.partition(";")[0].strip().lower()
    if plain in _MEANINGLESS_TYPES:
        return mimetypes.guess_type(filename)[0] or "application/octet-stream"
    return plain


def _read_up_to(body: Body, limit: int) -> bytes:
    if body.declared is not None and body.declared > limit:
        raise _too_long(limit)
    content = bytearray()
    while block := body.read(BLOCK):
        content += block
        if len(content) > limit:
            raise _too_long(limit)
    return bytes(content)


def _too_long(limit: int) -> Unreadable:
    return Unreadable(
        say("the body is longer than the {limit} bytes that are read here", limit=limit),
        code="LIMIT",
        mend="Split it, or send less.",
    )


def _cut_off(count: int, declared: int | None) -> GatewayError:
    message = say("the body was cut off after {count} bytes, so nothing was kept", count=count)
    if declared is not None:
        message = say(
            "the body was cut off after {count} of {declared} bytes, so nothing was kept",
            count=count,
            declared=declared,
        )
    return Unreadable(message, code="CUT_OFF", mend="Send it again.")
