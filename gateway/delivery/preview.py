"""What a recipient will see of a message, which files go, and what is lost on the way; nothing is sent or stored.

In comes a `View` or a `ClassicView`, out comes a `Preview`. Called by the doors. What is shown is made by the same
functions as what is sent.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.arkivmelding.facts import Dokumentobjekt, Facts
from gateway.arkivmelding.filenames import normal
from gateway.arkivmelding.rendering import render
from gateway.delivery.assessment import files_for, recipe_for
from gateway.delivery.classic_problems import in_sending_order
from gateway.delivery.classic_records import ARKIVMELDING_FILE, ClassicView
from gateway.delivery.emptied import require_bytes
from gateway.delivery.envelopes import compose
from gateway.delivery.submission import IntakeSettings, View
from gateway.errors import NotFound
from gateway.language import say
from gateway.message.filling import write_for_wire
from gateway.message.prototype import Choice, Problem, Prototype, Redaction, Weight
from gateway.message.sbd import JsonObject, write_envelope
from gateway.storage.documents import StoredDocument


class Kind(StrEnum):
    """What is lost."""

    DOCUMENT = "document"
    ELEMENT = "element"  # of the arkivmelding
    MEMBER = "member"  # of the SBD


@dataclass(frozen=True, slots=True)
class Lost:
    """One thing that this recipient does not get: the file's name, or the path."""

    kind: Kind
    place: str
    reason: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file of the package. Size (bytes), digest and media type are None until it has come in."""

    filename: str
    title: str | None
    mime: str | None
    size: int | None
    sha256: bytes | None


@dataclass(frozen=True, slots=True)
class Titles:
    """What the recipient's archive shows before anybody opens a file; empty where nothing is said."""

    title: str = ""
    public_title: str = ""
    case: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """One message as it would go now. `files` are in sending order, the first is the main document. `problems` are
    its own and those of the whole conversation.

    `sbd` is None while there is no way to the recipient; `xml` is the arkivmelding as this one gets it, if there is one.
    """

    conversation_id: str
    sender: str
    choice: Choice
    titles: Titles
    files: tuple[SentFile, ...]
    lost: tuple[Lost, ...]
    sbd: JsonObject | None
    xml: str | None
    size: int | None
    size_limit: int | None
    ready: bool
    problems: tuple[Problem, ...]


def preview_message(view: View, message_id: str, *, settings: IntakeSettings) -> Preview:
    """The message as its recipient will get it; NotFound where the conversation has none of that id."""
    require_bytes(view.conversation)
    prototype = next((each for each in view.prototypes if each.choice.message_id == message_id), None)
    if prototype is None:
        raise NotFound("there is no such message in this conversation", mend="check both ids")
    choice, facts = prototype.choice, view.inspection.facts
    files, problems = files_for(choice, facts).filenames, (*view.problems, *prototype.problems)
    rendering = render(view.inspection.document, recipe_for(choice, files, settings=settings))
    return Preview(
        conversation_id=view.conversation.id,
        sender=view.conversation.sender,
        choice=choice,
        titles=_titles(facts),
        files=tuple(_files(view, prototype, xml=rendering.xml)),
        lost=tuple(_lost(view, prototype, redactions=rendering.redactions)),
        sbd=_sbd(view, prototype),
        xml=rendering.xml.decode(),
        size=prototype.size,
        size_limit=prototype.size_limit,
        ready=all(problem.severity is Weight.INFO for problem in problems),
        problems=problems,
    )


def preview_classic(view: ClassicView, xml: bytes | None) -> Preview:
    """The message as its recipient will get it; `xml` is the arkivmelding.xml among its files."""
    require_bytes(view.conversation)
    return Preview(
        conversation_id=view.conversation.id,
        sender=view.conversation.sender,
        choice=view.message.choice,
        titles=_titles(view.inspection.facts) if view.inspection else Titles(),
        files=tuple(_stored(each, each.title) for each in in_sending_order(view)),
        lost=tuple(_supplier(view)),
        sbd=write_for_wire(view.sbd),
        xml=_text_of(xml, view) if xml else None,
        size=sum(each.size for each in view.documents),
        size_limit=view.size_limit,
        ready=view.ready,
        problems=view.problems,
    )


def _text_of(xml: bytes, view: ClassicView) -> str:
    """The client's own XML, in whatever encoding it came."""
    encoding = view.inspection.posted.root.getroottree().docinfo.encoding if view.inspection else None
    return xml.decode(encoding or "UTF-8", errors="replace")


def _titles(facts: Facts) -> Titles:
    entry, folder = facts.journalpost, facts.saksmappe
    return Titles(entry.title if entry else "", facts.public_title or "", folder.title if folder else "")


def _sbd(view: View, prototype: Prototype) -> JsonObject | None:
    choice = prototype.choice
    if choice.route is None or choice.recipient is None:
        return None
    main = prototype.documents[0] if prototype.documents else None
    times = (view.conversation.created, choice.deadline)
    return write_envelope(compose(choice, view.conversation, main_document=main, times=times))


def _files(view: View, prototype: Prototype, *, xml: bytes) -> Iterator[SentFile]:
    here = {each.filename: each for each in view.documents}
    titles = {normal(objekt.filename.strip()): title for title, objekt in _named(view.inspection.facts)}
    files = [
        _stored(here[name], titles.get(name)) if name in here else SentFile(name, titles.get(name), None, None, None)
        for name in prototype.documents
    ]
    digest = hashlib.sha256(xml).digest()
    files.insert(1, SentFile(ARKIVMELDING_FILE, None, "application/xml", len(xml), digest))
    yield from files


def _stored(document: StoredDocument, title: str | None) -> SentFile:
    return SentFile(document.filename, title, document.mime, document.size, document.sha256)


def _named(facts: Facts) -> Iterator[tuple[str, Dokumentobjekt]]:
    """Every file that the journalpost names, with the title of its document."""
    for document in facts.journalpost.documents if facts.journalpost else ():
        for objekt in document.objects:
            yield document.title, objekt


def _lost(view: View, prototype: Prototype, *, redactions: tuple[Redaction, ...]) -> Iterator[Lost]:
    yield from _documents_left(view, prototype)
    for redaction in redactions:
        yield Lost(Kind.ELEMENT, redaction.path, redaction.reason, redaction.line)
    for lost in view.inspection.changes.lost:
        yield Lost(Kind.ELEMENT, lost.path, lost.reason, lost.line)


def _documents_left(view: View, prototype: Prototype) -> Iterator[Lost]:
    named = dict.fromkeys(normal(objekt.filename.strip()) for _, objekt in _named(view.inspection.facts))
    left = say("another version or variant of the same document is sent")
    usual = files_for(replace(prototype.choice, documents=None), view.inspection.facts).filenames
    # A commit writes down the usual ones, too.
    if {normal(name) for name in usual} != set(prototype.documents):
        left = say("it is not among the documents chosen for this recipient")
    yield from (Lost(Kind.DOCUMENT, name, left) for name in named if name not in prototype.documents)
    for document in view.documents:
        if document.filename not in named:
            nowhere = say("the arkivmelding does not name it, so it is sent to nobody")
            yield Lost(Kind.DOCUMENT, document.filename, nowhere)


def _supplier(view: ClassicView) -> Iterator[Lost]:
    """On behalf of somebody: whose system it came from is not told."""
    if write_for_wire(view.sbd) != view.sbd:
        reason = say("the recipient is told on whose behalf it is sent, not by whom")
        yield Lost(Kind.MEMBER, "/standardBusinessDocumentHeader/sender/0/identifier/value", reason)
