"""A conversation, its problems and its statuses in words: how an answer of the gateway is told to a person.

In comes the JSON of an answer, out go tables and sentences on a `Screen`. Called by send, status and demo. What the gateway
itself says in words, it has said in the language that it was asked for.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.cli.remote import Json
from gateway.cli.screen import Screen
from gateway.errors import Outside, Refused
from gateway.language import as_phrase, say

_HEADS = (
    say("part"),
    say("in the arkivmelding"),
    say("recipient"),
    say("in the registry"),
    say("name"),
    say("channel"),
    say("state"),
)
_STATUS_HEADS = (say("message"), say("recipient"), say("channel"), say("statuses"), say("outcome"))
_WEIGHTS = {"block": say("mend"), "confirm": say("confirm"), "info": say("note")}
MUST_ACT = {
    "sender": say("whoever sends"),
    "operator": say("the operator of the gateway"),
    "recipient": say("the recipient"),
    "channel": say("those who run the channel"),
    "nobody": say("nobody, it goes on by itself"),
}
STATES = {
    "draft": say("draft"),
    "committed": say("committed"),
    "finished": say("finished"),
    "discarded": say("discarded"),
}
OUTCOMES = {
    "delivered": say("delivered"),
    "failed": say("FAILED"),
    "pending": say("under way"),
    "unknown": say("not known"),
    "cancelled": say("cancelled"),
}


def show_conversation(screen: Screen, view: Json) -> None:
    """The prototypes as a table, then every problem with how to mend it."""
    facts = view["arkivmelding"]
    screen.say(
        say(
            "conversation {id} ({state}), sender {sender}, {dialect} {profile}, shielding {shielding}",
            id=view["conversationId"],
            state=STATES.get(view["state"], view["state"]),
            sender=view["sender"],
            dialect=facts["dialect"],
            profile=facts["profile"] or "",
            shielding=facts["shielding"],
        )
    )
    screen.table(_HEADS, [_prototype_row(each) for each in view["prototypes"]])
    for each in view["skipped"]:
        part, reason = each["korrespondansepart"], each["reason"]
        screen.say(
            say(
                "no recipient: part {index}, {type} «{name}» ({reason})",
                index=part["index"],
                type=part["type"],
                name=part["name"],
                reason=reason,
            )
        )
    show_changes(screen, view)
    show_problems(screen, view)


def show_changes(screen: Screen, view: Json) -> None:
    """What goes out otherwise than it was posted."""
    for each in view["mended"]:
        change = {name: each[name] for name in ("line", "path", "before", "after", "reason")}
        screen.say(say("  mended: line {line}, {path}: “{before}” is now “{after}”: {reason}", **change))
    for each in view["lost"]:
        lost = {name: each[name] for name in ("line", "path", "value", "reason")}
        screen.say(say("  lost: line {line}, {path}: “{value}”: {reason}", **lost))
    for each in view["filled"]:
        filled = {name: each[name] for name in ("path", "value", "source")}
        screen.say(say("  filled in: {path}: “{value}”, from {source}", **filled))


def show_problems(screen: Screen, view: Json) -> None:
    """Every problem: those of the whole conversation, then those of each selected prototype."""
    for problem in view["problems"]:
        _show_problem(screen, problem)
    for prototype in view["prototypes"]:
        for problem in prototype["problems"] if prototype["selected"] else ():
            where = say(" (part {index})", index=prototype["korrespondansepart"]["index"])
            _show_problem(screen, problem, where=where)


def show_statuses(screen: Screen, answer: Json) -> None:
    """One row a message, and what went wrong under it."""
    state = STATES.get(answer["state"], answer["state"])
    screen.say(say("conversation {id} ({state})", id=answer["conversationId"], state=state))
    screen.table(_STATUS_HEADS, [_status_row(each) for each in answer["messages"]])
    for message in answer["messages"]:
        for event in message["statuses"]:
            if event["description"]:
                screen.say(f"  {message['recipient']} {event['status']}: {event['description']}")
            if event["mustAct"]:
                screen.say(say("    who must act: {who}", who=MUST_ACT[event["mustAct"]]))


def tell_refusal(screen: Screen, error: Refused | Outside) -> None:
    """A refusal in sentences: what, why, each fault with its place, and how to mend it."""
    message = as_phrase(error.message)
    screen.say(say("refused: {message}", message=message) if isinstance(error, Refused) else message, style="bold red")
    for fault in error.faults if isinstance(error, Refused) else ():
        place = say("line {line}: ", line=fault.line) if fault.line else ""
        screen.say(say("  {place}{rule} {message}", place=place, rule=fault.rule, message=fault.message))
        if fault.path:
            screen.say(say("    at {path}", path=fault.path))
        if fault.mend:
            screen.say(say("    mend: {mend}", mend=fault.mend))
    if error.mend:
        screen.say(say("  mend: {mend}", mend=as_phrase(error.mend)))
    offers = error.offers if isinstance(error, Refused) else {}
    if offers.get("acceptedIfLenient"):
        screen.say(say("  with --lenient it would be taken: the spelling mended, the rest a warning"))
    if offers.get("acceptedIfConverted"):
        screen.say(say("  with --convert it would be taken"))


def is_sent(message: Mapping[str, Any]) -> bool:
    """Whether a message of a `statuses` answer was committed, and not left out."""
    return message["state"] not in {"prototype", "deselected"}


def news_since(seen: set[tuple[str, str]], answer: Json) -> Iterable[str]:
    """A line for each status that is not in `seen`, which is brought up to date."""
    for message in answer["messages"]:
        for event in message["statuses"]:
            key = (message["messageId"], str(event["cursor"]))
            if key not in seen:
                seen.add(key)
                words = f": {event['description']}" if event["description"] else ""
                yield f"{event['at'][11:19]}  {message['recipient']}  {event['status']}{words}"


def _prototype_row(prototype: Json) -> tuple[str, ...]:
    part, registered = prototype["korrespondansepart"], prototype["registered"] or {}
    return (
        str(part["index"] or "-"),
        f"{part['type']} «{part['name']}»",
        prototype["recipient"] or "-",
        registered.get("name") or "-",
        prototype["nameMatch"],
        prototype["serviceIdentifier"] or "-",
        _state(prototype),
    )


def _state(prototype: Json) -> str:
    codes = [problem["code"] for problem in prototype["problems"] if problem["severity"] != "info"]
    if not prototype["selected"]:
        return say("left out")
    return ", ".join(codes) or say("ready")


def _show_problem(screen: Screen, problem: Mapping[str, Any], *, where: str = "") -> None:
    weight, code = _WEIGHTS[problem["severity"]], problem["code"]
    screen.say(
        say("  {weight}: {code}{where} {message}", weight=weight, code=code, where=where, message=problem["message"])
    )
    if problem["severity"] != "info" and problem["mend"]:
        screen.say(say("    how: {mend}", mend=problem["mend"]))


def _status_row(message: Json) -> tuple[str, ...]:
    return (
        message["messageId"],
        message["recipient"] or "-",
        message["serviceIdentifier"] or "-",
        " ".join(event["status"] for event in message["statuses"]) or "-",
        OUTCOMES[message["outcome"]] if is_sent(message) else say("left out"),
    )
