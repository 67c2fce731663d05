"""What stands in the way of a draft, worked out anew each time it is looked at.

In comes a `Situation` (conversation, inspection, choices, documents), out comes a `View`. Pure. Called by
`delivery.intake` and `delivery.editing`; a confirmed problem no longer stands in the way.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from gateway.arkivmelding.facts import Facts, PartType
from gateway.arkivmelding.filenames import normal
from gateway.arkivmelding.inspection import Inspection
from gateway.arkivmelding.parties import Addressing
from gateway.arkivmelding.rendering import Recipe, Survey, redactions, survey, texts_in
from gateway.arkivmelding.shielding import Outcome
from gateway.arkivmelding.variants import Selection, select
from gateway.delivery import obstacles
from gateway.delivery.submission import IntakeSettings, View
from gateway.errors import Severity
from gateway.language import say
from gateway.message.identifiers import IdentifierKind, find_person_numbers, parse_identifier
from gateway.message.processes import SHOWS_TITLE, Channel
from gateway.message.prototype import Choice, Confirmation, NameMatch, Problem, Prototype, Skipped, Weight
from gateway.storage.conversations import Conversation
from gateway.storage.documents import StoredDocument


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a view is worked out from."""

    conversation: Conversation
    inspection: Inspection
    choices: tuple[Choice, ...]
    documents: tuple[StoredDocument, ...]
    addressing: Addressing
    settings: IntakeSettings

    @property
    def facts(self) -> Facts:
        """The facts of the arkivmelding."""
        return self.inspection.facts


@dataclass(frozen=True, slots=True)
class _Known:
    """What is the same for every recipient, worked out once for each look.

    A person number is looked for in the posted document: what is taken out for one recipient may stand in another's.
    """

    sizes: Mapping[str, int]
    survey: Survey
    number_anywhere: bool
    numbers_in: tuple[str, ...]
    shielded: bool


def assess(situation: Situation) -> View:
    """The whole view of a conversation."""
    known = _look_once(situation)
    prototypes = tuple(_prototype(situation, choice, known=known) for choice in situation.choices)
    problems = tuple(_unconfirmed(_conversation_problems(situation, prototypes), situation.conversation.confirmations))
    selected = [prototype for prototype in prototypes if prototype.choice.selected]
    ready = (
        bool(selected)
        and all(prototype.ready for prototype in selected)
        and all(problem.severity is Weight.INFO for problem in problems)
    )
    standing = {choice.part.index for choice in situation.choices}
    passed_over = (each for each in situation.addressing.skipped if each.part.index not in standing)
    skipped = (*passed_over, *_expanded(situation))
    return View(situation.conversation, situation.inspection, situation.documents, prototypes, skipped, problems, ready)


def is_confidential(conversation: Conversation, inspection: Inspection) -> bool:
    """Whether the channel must be safe: the caller's word where it gave one, else the shielding, doubt counting as yes."""
    if conversation.confidential is not None:
        return conversation.confidential
    return inspection.shielding.outcome is not Outcome.OPEN


def recipe_for(choice: Choice, files: Iterable[str], *, settings: IntakeSettings) -> Recipe:
    """What this recipient's rendering holds; `files` as the document writes them."""
    return Recipe(choice.recipient or "", choice.part.index, frozenset(files), choice.confidential, settings.hiding)


def files_for(choice: Choice, facts: Facts) -> Selection:
    """The files this recipient gets, main document first, and what must be chosen before."""
    documents = facts.journalpost.documents if facts.journalpost else ()
    return select(documents, choice.documents)


def _look_once(situation: Situation) -> _Known:
    root = situation.inspection.document.root
    return _Known(
        sizes={document.filename: document.size for document in situation.documents},
        survey=survey(root),
        # The bar keeps digits of neighbours apart: it is none of the marks that may stand within a number.
        number_anywhere=bool(find_person_numbers("|".join(texts_in(root)))),
        numbers_in=_titles_with_numbers(situation.facts),
        shielded=bool(situation.inspection.shielding.findings) or situation.conversation.confidential is True,
    )


def _prototype(situation: Situation, choice: Choice, *, known: _Known) -> Prototype:
    selection = files_for(choice, situation.facts)
    files = tuple(normal(name) for name in selection.filenames)
    complete = all(name in known.sizes for name in files)
    recipe = recipe_for(choice, selection.filenames, settings=situation.settings)
    bare = Prototype(
        choice=choice,
        documents=files,
        size=sum(known.sizes[name] for name in files) if complete else None,
        size_limit=situation.settings.size_limits.get(choice.route.channel) if choice.route else None,
        redactions=redactions(known.survey, recipe),
        problems=(),
    )
    found = (*choice.problems, *selection.problems, *_message_problems(situation, bare, known=known))
    return replace(bare, problems=tuple(_unconfirmed(found, choice.confirmations)))


def _message_problems(situation: Situation, prototype: Prototype, *, known: _Known) -> Iterator[Problem]:
    choice = prototype.choice
    if choice.name_match is NameMatch.DIFFERENT:
        yield obstacles.name_mismatch(choice)
    if not choice.in_arkivmelding:
        yield obstacles.not_in_arkivmelding(choice)
    if choice.route is None:
        return
    channel = choice.route.channel
    if prototype.size is not None and prototype.size_limit is not None and prototype.size > prototype.size_limit:
        yield obstacles.too_large(prototype.size, prototype.size_limit, channel=channel)
    yield from _person_numbers(choice, channel, known=known)
    if known.shielded and not situation.facts.public_title and channel in SHOWS_TITLE:
        yield obstacles.public_title_missing(channel)


def _person_numbers(choice: Choice, channel: Channel, *, known: _Known) -> Iterator[Problem]:
    if known.numbers_in:
        yield obstacles.person_number_in_title(known.numbers_in, channel, blocks=channel in SHOWS_TITLE)
    if not known.number_anywhere or choice.recipient is None:
        return
    if parse_identifier(choice.recipient).kind is IdentifierKind.ORGANISATION:
        yield obstacles.person_number_visible()


def _titles_with_numbers(facts: Facts) -> tuple[str, ...]:
    entry = facts.journalpost
    if entry is None:
        return ()
    named = [(say("tittel of the journalpost"), entry.title)]
    named += [(say("tittel of the saksmappe"), facts.saksmappe.title)] if facts.saksmappe else []
    for number, document in enumerate(entry.documents, start=1):
        named.append((say("tittel of document {number}", number=number), document.title))
        named += [(say("a file name of document {number}", number=number), each.filename) for each in document.objects]
    return tuple(dict.fromkeys(where for where, text in named if find_person_numbers(text)))


def _conversation_problems(situation: Situation, prototypes: tuple[Prototype, ...]) -> Iterator[Problem]:
    yield from situation.addressing.problems
    yield from _secrecy_problems(situation)
    yield from obstacles.state_problems(situation.facts)
    yield from _document_problems(situation, prototypes)
    yield from _advice(situation.inspection)
    if not any(prototype.choice.selected for prototype in prototypes):
        yield obstacles.no_recipient(bool(prototypes))


def _secrecy_problems(situation: Situation) -> Iterator[Problem]:
    shielding, word = situation.inspection.shielding, situation.conversation.confidential
    if shielding.outcome is Outcome.UNDECIDED and word is None:
        doubtful = [finding.text for finding in shielding.findings if finding.outcome is Outcome.UNDECIDED]
        yield obstacles.shielding_unclear(dict.fromkeys(doubtful))
    if shielding.outcome is Outcome.CONFIDENTIAL and word is False:
        yield obstacles.confidentiality_lowered()


def _document_problems(situation: Situation, prototypes: tuple[Prototype, ...]) -> Iterator[Problem]:
    here = {document.filename for document in situation.documents}
    wanted = dict.fromkeys(name for each in prototypes if each.choice.selected for name in each.documents)
    yield from (obstacles.document_missing(name) for name in wanted if name not in here)
    referenced = {normal(name.strip()) for name in situation.facts.filenames}
    yield from (obstacles.document_not_referenced(name) for name in sorted(here - referenced))


def _advice(inspection: Inspection) -> Iterator[Problem]:
    for fault in inspection.faults:
        if fault.severity is not Severity.ERROR:
            yield Problem(fault.rule, Weight.INFO, fault.message, fault.mend, line=fault.line)


def _expanded(situation: Situation) -> Iterator[Skipped]:
    """Groups whose members have been added in their place."""
    standing = {choice.part.index for choice in situation.choices if choice.recipient}
    alone = {choice.part.index for choice in situation.choices if not choice.recipient}
    for addressee in situation.addressing.addressees:
        part = addressee.part
        empty = part.type == PartType.GRUPPEMOTTAKER and addressee.identifier is None
        if empty and part.index in standing and part.index not in alone:
            yield Skipped(part, "EXPANDED")


def _unconfirmed(problems: Iterable[Problem], confirmations: Iterable[Confirmation]) -> Iterator[Problem]:
    """Only what asks for a yes can be confirmed away."""
    confirmed = {(confirmation.code, confirmation.about) for confirmation in confirmations}
    for each in problems:
        if each.severity is not Weight.CONFIRM or (each.code, each.message) not in confirmed:
            yield each
