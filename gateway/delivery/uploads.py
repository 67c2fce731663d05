"""Documents on their way in: streamed to disk with digest, CRC and size in the same pass, then one row.

In comes a stream and what the request says of it, out comes a `StoredDocument`. Called by the doors. What is cut off,
too large or refused leaves neither a row nor a file.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from gateway.arkivmelding.filenames import is_reserved, normal, unsafe_reason
from gateway.delivery.intake import Intake, require_draft, require_version_standing
from gateway.delivery.submission import Caller, View
from gateway.errors import Conflict, Fault, Invalid, NotFound, Refused, Severity, TooLarge, Unreadable
from gateway.language import as_phrase, say
from gateway.storage import conversations, documents
from gateway.storage.blobs import BlobWriter
from gateway.storage.documents import StoredDocument
from gateway.storage.engine import Connection

BLOCK = 1024 * 1024


class Readable(Protocol):
    """What a document is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the true end."""
        ...


@dataclass(frozen=True, slots=True)
class Incoming:
    """One document of a request; `length` as declared (bytes, None when chunked), `replaces` lets other bytes go.

    `title` is what a person calls it, where the request says so.
    """

    filename: str
    mime: str
    length: int | None
    stream: Readable
    replaces: bool = False
    title: str | None = None


# What else is to be looked at, or done, in the transaction that keeps a document: with those that stand there already.
Also = Callable[[Connection, tuple[StoredDocument, ...]], None]


class Kept(StrEnum):
    """What became of an upload."""

    CREATED = "created"
    SAME = "same"
    REPLACED = "replaced"


def check_filename(filename: str, *, allowed: str = "") -> str:
    """The name in NFC; `Conflict` for a reserved one but the one that is allowed, `Invalid` for an unsafe one."""
    name = normal(filename)
    if is_reserved(name) and name != allowed:
        raise Conflict(
            say("{name} is a name that the package needs itself", name=name),
            code="RESERVED_NAME",
            mend="Rename the document.",
        )
    if reason := unsafe_reason(name):
        mend = say(
            "Use a plain file name: no / \\ or :, no control characters, no .. in front, no dot or blank at the end."
        )
        message = say("the file name cannot be used: {reason}", reason=as_phrase(reason))
        fault = Fault("FILENAME", Severity.ERROR, message, mend, path="filename")
        raise Invalid(message, code="FILENAME", mend=mend, faults=(fault,))
    return name


@dataclass(frozen=True, slots=True)
class Uploads:
    """Uploading with everything it needs; one for the whole process."""

    intake: Intake

    def begin(self) -> BlobWriter:
        """A writer straight into the document store; `abort` it, or hand it to `finish`."""
        return self.intake.blobs.create()

    def finish(self, writer: BlobWriter, filename: str, *, mime: str) -> StoredDocument:
        """Make the written bytes durable; the row comes with the conversation's own transaction."""
        blob = writer.commit()
        return StoredDocument(
            conversation_id="",
            filename=filename,
            key=blob.key,
            size=blob.size,
            crc32=blob.crc32,
            sha256=blob.sha256,
            mime=mime,
            created=self.intake.now(),
        )

    def drop(self, stored: Iterable[StoredDocument]) -> None:
        """Take away documents whose conversation came to nothing."""
        for document in stored:
            self.intake.blobs.delete(document.key)

    def put(
        self, any_id: str, incoming: Incoming, *, caller: Caller, if_match: int | None = None
    ) -> tuple[StoredDocument, Kept, int]:
        """Keep one document of a draft; the stored record, what became of it, and the conversation's version."""
        name = check_filename(incoming.filename)
        view = self.intake.view(any_id, caller)
        require_draft(view.conversation, if_match, now=self.intake.now())
        most = self.intake.kit.limits.documents
        if len(view.documents) >= most and name not in {each.filename for each in view.documents}:
            raise too_many(most)
        document = self.write(replace(incoming, filename=name), limit=self._limit(view))
        document = replace(document, conversation_id=view.conversation.id)
        return self.keep(document, replaces=incoming.replaces, if_match=if_match)

    def keep(
        self, document: StoredDocument, *, replaces: bool, if_match: int | None, also: Also | None = None
    ) -> tuple[StoredDocument, Kept, int]:
        """The row of a document whose bytes are written: they are dropped where it is refused, `also` may refuse it."""
        try:
            kept, version, superseded = self._remember(document, replaces=replaces, if_match=if_match, also=also)
        except Refused:
            # Any other error may hide a row that stands: an answer to COMMIT can be lost. The sweep knows in time.
            self.drop([document])
            raise
        if superseded:
            self.intake.blobs.delete(superseded)
        return document, kept, version

    def write(self, incoming: Incoming, *, limit: int) -> StoredDocument:
        """Stream one document to disk; `TooLarge` beyond `limit` bytes, `Unreadable` when it was cut off."""
        if incoming.length is not None and incoming.length > limit:
            raise too_large(incoming.filename, incoming.length, limit=limit)
        writer = self.begin()
        try:
            size = 0
            while block := incoming.stream.read(BLOCK):
                size += len(block)
                if size > limit:
                    raise too_large(incoming.filename, size, limit=limit)
                writer.write(block)
            if incoming.length is not None and size != incoming.length:
                raise cut_off(incoming.filename, size, declared=incoming.length)
            return replace(self.finish(writer, incoming.filename, mime=incoming.mime), title=incoming.title)
        except BaseException:
            writer.abort()
            raise

    def remove(self, any_id: str, filename: str, *, caller: Caller, if_match: int | None = None) -> int:
        """Take one document of a draft away; the conversation's new version."""
        view = self.intake.view(any_id, caller)
        require_draft(view.conversation, if_match, now=self.intake.now())
        with self.intake.database.writing() as connection:
            require_version_standing(connection, view.conversation.id, if_match=if_match)
            key = documents.remove(connection, view.conversation.id, filename=normal(filename))
            if key is None:
                message = say("the conversation has no document {filename}", filename=filename)
                raise NotFound(message, mend="See its `documents`.")
            version = conversations.touch(connection, view.conversation.id)
        self.intake.blobs.delete(key)
        return version

    def _remember(
        self, document: StoredDocument, *, replaces: bool, if_match: int | None, also: Also | None = None
    ) -> tuple[Kept, int, str | None]:
        """The row; also the key of the bytes that are no longer needed."""
        with self.intake.database.writing() as connection:
            standing_version = require_version_standing(connection, document.conversation_id, if_match=if_match)
            standing = {each.filename: each for each in documents.of_conversation(connection, document.conversation_id)}
            previous = standing.get(document.filename)
            if previous and previous.sha256 == document.sha256:
                # The bytes that have just come are certainly there; of the older ones only the row says so.
                documents.put(connection, replace(previous, key=document.key))
                return Kept.SAME, standing_version, previous.key
            if previous and not replaces:
                raise Conflict(
                    say("{filename} has been uploaded already, with other bytes", filename=document.filename),
                    code="OTHER_BYTES",
                    mend="Add ?replace=true if the new bytes are the right ones.",
                )
            if also:
                also(connection, tuple(standing.values()))
            documents.put(connection, document)
            version = conversations.touch(connection, document.conversation_id)
        return (Kept.REPLACED, version, previous.key) if previous else (Kept.CREATED, version, None)

    def _limit(self, view: View) -> int:
        """The most that one document may hold: the installation's limit, or what the roomiest channel takes."""
        limits = [each.size_limit for each in view.prototypes if each.choice.selected and each.size_limit is not None]
        return min(self.intake.settings.maximum_upload, max(limits, default=self.intake.settings.maximum_upload))


def too_large(filename: str, size: int, *, limit: int) -> TooLarge:
    """The refusal of a document beyond the limit."""
    return TooLarge(
        say(
            "{filename} has {size} bytes or more, and at most {limit} can be delivered",
            filename=filename,
            size=size,
            limit=limit,
        ),
        code="TOO_LARGE",
        mend="Split the document, or agree with the recipient on another way.",
    )


def cut_off(filename: str, size: int, *, declared: int) -> Unreadable:
    """The refusal of a body that ended early."""
    return Unreadable(
        say(
            "{filename} was cut off: {size} of {declared} bytes came, so nothing was kept",
            filename=filename,
            size=size,
            declared=declared,
        ),
        code="CUT_OFF",
        mend="Upload it again.",
    )


def too_many(most: int) -> Unreadable:
    """The refusal of more documents than a conversation may have."""
    return Unreadable(
        say("a conversation may have at most {most} documents", most=most), code="LIMIT", mend="Send fewer."
    )
