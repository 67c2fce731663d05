"""Edits of a draft: what a PUT changes in the choices, and what must be asked anew because of it.

In come the choices as they stand and an `Edit`; out comes a `Revision`. Pure but for new ids. Called by
`delivery.intake`. Merge semantics: what is absent stays; a retried edit changes nothing. Contract §5.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.arkivmelding.facts import Facts
from gateway.arkivmelding.filenames import normal
from gateway.arkivmelding.parties import RECIPIENTS, find_addressees
from gateway.delivery.choosing import start_choices
from gateway.delivery.drafting import given_beside
from gateway.delivery.submission import Edit, NewId, NewRecipient, PrototypeEdit, View
from gateway.errors import Conflict, Fault, Invalid, NotFound, Severity
from gateway.language import say
from gateway.message.identifiers import parse_identifier
from gateway.message.prototype import Choice, Confirmation, IdentifiedBy, PartRef, Problem, Prototype, Weight

_ADDRESSING_CODES = frozenset(
    {"NO_ID", "ID_INVALID", "ID_CONFLICT", "PART_MISMATCH", "GROUP_NOT_EXPANDED", "NAME_MISMATCH"}
)


@dataclass(frozen=True, slots=True)
class Revision:
    """The choices after an edit, and the ids of those about which the registry must be asked."""

    choices: tuple[Choice, ...]
    ask: frozenset[str]


def revise(view: View, edit: Edit, *, now: datetime, new_id: NewId) -> Revision:
    """Apply what concerns single prototypes; `Invalid`, `NotFound` or `Conflict` where something does not fit."""
    standing = {prototype.choice.message_id: prototype for prototype in view.prototypes}
    choices = {message_id: prototype.choice for message_id, prototype in standing.items()}
    ask: set[str] = set()
    _refuse_repeats(edit.prototypes)
    for each in edit.prototypes:
        if each.message_id not in standing:
            raise NotFound(say("there is no prototype {id} in this conversation", id=each.message_id))
        confirm = _confirmations(each, standing[each.message_id], whole=edit, now=now)
        choices[each.message_id] = _edit_one(
            choices[each.message_id], each, facts=view.inspection.facts, confirm=confirm
        )
        if each.asks_registry:
            ask.add(each.message_id)
    _refuse_doubles(choices.values())
    added = _add(tuple(choices.values()), edit.added, facts=view.inspection.facts, new_id=new_id)
    sender = _sender_after(view, edit)
    added = (*added, *_left_alone(view, sender, choices=added, new_id=new_id))
    ask.update(choice.message_id for choice in added if choice.message_id not in standing)
    _refuse_self(added, sender, asked=ask if sender == view.conversation.sender else None)
    return Revision(added, frozenset(ask))


def confirm_all(view: View, edit: Edit, *, now: datetime) -> tuple[Confirmation, ...]:
    """The conversation's confirmations after the edit; a code that asks for no yes is refused."""
    given = view.conversation.confirmations
    known = {confirmation.code for confirmation in given}
    fresh = _check_codes(edit.confirm, view.problems, known=known)
    return (*given, *(Confirmation(each.code, edit.actor, now, each.message) for each in fresh))


def _edit_one(choice: Choice, edit: PrototypeEdit, *, facts: Facts, confirm: tuple[Confirmation, ...]) -> Choice:
    if edit.recipient is not None:
        choice = _readdress(choice, edit.recipient)
    if edit.asks_registry:
        choice = _reroute(choice, edit)
    return replace(
        choice,
        selected=choice.selected if edit.selected is None else edit.selected,
        documents=choice.documents if edit.documents is None else _known_files(edit.documents, facts),
        deadline=edit.deadline or choice.deadline,
        business=choice.business if edit.business is None else merge(choice.business, edit.business),
        confirmations=(*choice.confirmations, *confirm),
    )


def merge(target: dict[str, object], patch: dict[str, object]) -> dict[str, object]:
    """JSON merge patch (RFC 7396): null takes a member away, objects merge, anything else replaces."""
    merged = dict(target)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            inner = merged.get(key)
            merged[key] = merge(inner if isinstance(inner, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def _readdress(choice: Choice, text: str) -> Choice:
    recipient = _identifier(text)
    if recipient == choice.recipient and not any(problem.code in _ADDRESSING_CODES for problem in choice.problems):
        return choice
    rest = tuple(problem for problem in choice.problems if problem.code not in _ADDRESSING_CODES)
    return replace(choice, recipient=recipient, identified_by=IdentifiedBy.EDIT, problems=rest, confirmations=())


def _reroute(choice: Choice, edit: PrototypeEdit) -> Choice:
    """The process and channel that are asked for; an edit that changes neither leaves the confirmations alone."""
    process, channel = edit.process or choice.process, edit.channel or choice.channel
    # A new recipient's ways are not known yet; the registry's answer settles whether it has this one.
    if edit.channel and edit.recipient is None:
        process = _offered_process(choice, edit)
    unchanged = (process, channel) == (choice.process, choice.channel)
    return choice if unchanged else replace(choice, process=process, channel=channel, confirmations=())


def _offered_process(choice: Choice, edit: PrototypeEdit) -> str:
    """A channel must be one that the registry offered; it brings its process along, the present one before others."""
    offered = [choice.route, *choice.alternatives] if choice.route else list(choice.alternatives)
    fitting = [route.process for route in offered if route.channel is edit.channel]
    fitting = [process for process in fitting if edit.process in (None, process)]
    if not fitting:
        raise _invalid(
            "serviceIdentifier",
            say("{channel} is not among the alternatives of this recipient", channel=edit.channel),
            mend=say("Choose a serviceIdentifier (and process) that stands under `alternatives`."),
        )
    present = choice.route.process if choice.route else choice.process
    return present if present in fitting else fitting[0]


def _confirmations(
    edit: PrototypeEdit, prototype: Prototype, *, whole: Edit, now: datetime
) -> tuple[Confirmation, ...]:
    if not edit.confirm:
        return ()
    if edit.asks_registry or whole.confidential is not None or whole.sender or whole.process:
        raise _invalid(
            "confirm",
            say("a confirmation cannot come together with a change that drops confirmations"),
            mend=say("Send the change first, look at the answer, then confirm."),
        )
    known = {confirmation.code for confirmation in prototype.choice.confirmations}
    fresh = _check_codes(edit.confirm, prototype.problems, known=known)
    return tuple(Confirmation(each.code, whole.actor, now, each.message) for each in fresh)


def _check_codes(codes: Sequence[str], problems: Sequence[Problem], *, known: set[str]) -> list[Problem]:
    """The problems that are said yes to. A code that is confirmed already is passed over; one that asks for no yes is
    refused."""
    fresh: list[Problem] = []
    for code in dict.fromkeys(codes):
        standing = [problem for problem in problems if problem.code == code]
        if any(problem.severity is Weight.BLOCK for problem in standing):
            message = say("{code} cannot be confirmed, it must be mended", code=code)
            raise _invalid("confirm", message, mend=say("Its `mend` says how."))
        open_ones = [problem for problem in standing if problem.severity is Weight.CONFIRM]
        if not open_ones and code not in known:
            message = say("{code} is no problem here, so there is nothing to confirm", code=code)
            raise _invalid("confirm", message, mend=say("Take it out."))
        fresh += open_ones
    return fresh


def _add(
    choices: tuple[Choice, ...], added: Sequence[NewRecipient], *, facts: Facts, new_id: NewId
) -> tuple[Choice, ...]:
    for new in added:
        recipient = _identifier(new.recipient)
        if any(choice.recipient == recipient for choice in choices):
            choices = tuple(replace(each, selected=each.selected or each.recipient == recipient) for each in choices)
            continue
        part = _part_of(new, facts)
        placeholders = [each for each in choices if part.index and each.part.index == part.index]
        if any(each.recipient and each.part.type != "Gruppemottaker" for each in placeholders):
            raise _invalid(
                "korrespondansepart",
                say("korrespondansepart {index} has a recipient already", index=part.index),
                mend=say("Edit that prototype by its messageId."),
            )
        empty = {each.message_id for each in placeholders if not each.recipient}
        fresh = Choice(
            message_id=new_id(),
            conversation_id=new_id(),
            part=part,
            recipient=recipient,
            identified_by=IdentifiedBy.EDIT,
            in_arkivmelding=part.index > 0,
        )
        choices = (*(each for each in choices if each.message_id not in empty), fresh)
    return choices


def _part_of(new: NewRecipient, facts: Facts) -> PartRef:
    if not new.part:
        return PartRef(0, new.role or "Mottaker", new.name)
    parts = facts.journalpost.parts if facts.journalpost else ()
    part = next((each for each in parts if each.index == new.part), None)
    if part is None:
        raise _invalid(
            "korrespondansepart",
            say("there is no korrespondansepart {index}", index=new.part),
            mend=say("Count the parts from 1."),
        )
    if part.type not in RECIPIENTS:
        raise _invalid(
            "korrespondansepart",
            say("korrespondansepart {index} is «{type}», which is no recipient", index=new.part, type=part.label),
            mend=say("Name a Mottaker, Kopimottaker or Gruppemottaker; or leave it out and give the recipient's name."),
        )
    return PartRef(part.index, part.type or part.label, part.name)


def _known_files(names: Sequence[str], facts: Facts) -> tuple[str, ...]:
    known = {normal(name.strip()): name.strip() for name in facts.filenames}
    unknown = [name for name in names if normal(name) not in known]
    if unknown:
        raise _invalid(
            "documents",
            say("the arkivmelding names no file {names}", names=", ".join(unknown)),
            mend=say("Choose among the documents of the conversation."),
        )
    return tuple(known[normal(name)] for name in names)


def _identifier(text: str) -> str:
    try:
        return str(parse_identifier(text))
    except ValueError as fault:
        mend = say("Write 0192: and the nine digits of the organisation.")
        raise _invalid("recipient", fault.args[0], mend=mend) from fault


def _refuse_repeats(edits: Sequence[PrototypeEdit]) -> None:
    """Two changes of one message could confirm what the other has just made new."""
    seen: set[str] = set()
    for each in edits:
        if each.message_id in seen:
            raise _invalid(
                "prototypes",
                say("{id} stands there twice", id=each.message_id),
                mend=say("Put its changes into one entry, or send two."),
            )
        seen.add(each.message_id)


def _sender_after(view: View, edit: Edit) -> str:
    try:
        return str(parse_identifier(edit.sender)) if edit.sender else view.conversation.sender
    except ValueError:
        return view.conversation.sender  # refused where the sender is named


def _left_alone(view: View, sender: str, *, choices: Sequence[Choice], new_id: NewId) -> tuple[Choice, ...]:
    """Parts that were skipped and must not be now: the old sender itself, and who was merged with one that moved away."""
    given = given_beside(view.conversation)
    addressing = find_addressees(view.inspection.facts, sender, requested=given, written=view.inspection.given)
    skipped = {each.part.index for each in view.skipped if each.reason in ("SELF", "MERGED")}
    parts = {choice.part.index for choice in choices}
    reached = {choice.recipient for choice in choices if choice.recipient}
    new = [
        each
        for each in (*addressing.addressees, *addressing.merged)
        if each.part.index in skipped - parts and each.identifier not in reached
    ]
    return start_choices(tuple(new), new_id)


def _refuse_self(choices: Iterable[Choice], sender: str, *, asked: set[str] | None) -> None:
    """The sender is no recipient of its own message; `asked` holds the ids of what this edit changes, None: all."""
    for choice in choices:
        if choice.selected and choice.recipient == sender and (asked is None or choice.message_id in asked):
            raise _invalid(
                "recipient",
                say("{identifier} is the sender itself", identifier=sender),
                mend=say("Name another recipient, or deselect this message."),
            )


def _refuse_doubles(choices: Iterable[Choice]) -> None:
    seen: set[str] = set()
    for choice in choices:
        if not choice.selected:
            continue
        if choice.recipient and choice.recipient in seen:
            raise Conflict(
                say("{recipient} has a message in this conversation already", recipient=choice.recipient),
                code="DUPLICATE_RECIPIENT",
                mend="Deselect one of the two; a recipient gets a message once.",
            )
        seen.add(choice.recipient or "")


def _invalid(field: str, message: str, *, mend: str) -> Invalid:
    return Invalid(message, code="EDIT", mend=mend, faults=(Fault("EDIT", Severity.ERROR, message, mend, path=field),))
