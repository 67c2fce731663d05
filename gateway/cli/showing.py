"""A conversation, its problems and its statuses in words: how an answer of the gateway is told to a person.

In comes the JSON of an answer, out go tables and sentences on a `Screen`. Called by send, status and demo.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.cli.remote import Json
from gateway.cli.screen import Screen
from gateway.errors import Outside, Refused

_HEADS = ("part", "in the arkivmelding", "recipient", "in the registry", "name", "channel", "state")
_WEIGHTS = {"block": "mend", "confirm": "confirm", "info": "note"}
_OUTCOMES = {"delivered": "delivered", "failed": "FAILED", "pending": "under way", "unknown": "not known"}


def show_conversation(screen: Screen, view: Json) -> None:
    """The prototypes as a table, then every problem with how to mend it."""
    facts = view["arkivmelding"]
    screen.say(
        f"conversation {view['conversationId']} ({view['state']}), sender {view['sender']}, "
        f"{facts['dialect']} {facts['profile'] or ''}, shielding {facts['shielding']}"
    )
    screen.table(_HEADS, [_prototype_row(each) for each in view["prototypes"]])
    for each in view["skipped"]:
        part = each["korrespondansepart"]
        screen.say(f"no recipient: part {part['index']}, {part['type']} «{part['name']}» ({each['reason']})")
    show_problems(screen, view)


def show_problems(screen: Screen, view: Json) -> None:
    """Every problem: those of the whole conversation, then those of each selected prototype."""
    for problem in view["problems"]:
        _show_problem(screen, problem)
    for prototype in view["prototypes"]:
        for problem in prototype["problems"] if prototype["selected"] else ():
            _show_problem(screen, problem, where=f" (part {prototype['korrespondansepart']['index']})")


def show_statuses(screen: Screen, answer: Json) -> None:
    """One row a message, and what went wrong under it."""
    screen.say(f"conversation {answer['conversationId']} ({answer['state']})")
    screen.table(
        ("message", "recipient", "channel", "statuses", "outcome"), [_status_row(each) for each in answer["messages"]]
    )
    for message in answer["messages"]:
        for event in message["statuses"]:
            if event["description"]:
                screen.say(f"  {message['recipient']} {event['status']}: {event['description']}")


def tell_refusal(screen: Screen, error: Refused | Outside) -> None:
    """A refusal in sentences: what, why, each fault with its place, and how to mend it."""
    screen.say(f"refused: {error.message}" if isinstance(error, Refused) else error.message, style="bold red")
    for fault in error.faults if isinstance(error, Refused) else ():
        place = f"line {fault.line}: " if fault.line else ""
        screen.say(f"  {place}{fault.rule} {fault.message}")
        if fault.path:
            screen.say(f"    at {fault.path}")
        if fault.mend:
            screen.say(f"    mend: {fault.mend}")
    if error.mend:
        screen.say(f"  mend: {error.mend}")


def is_sent(message: Mapping[str, Any]) -> bool:
    """Whether a message of a `statuses` answer was committed, and not left out."""
    return message["state"] not in {"prototype", "deselected"}


def news_since(seen: set[tuple[str, str]], answer: Json) -> Iterable[str]:
    """A line for each status that is not in `seen`, which is brought up to date."""
    for message in answer["messages"]:
        for event in message["statuses"]:
            key = (message["messageId"], event["status"])
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
        return "left out"
    return ", ".join(codes) or "ready"


def _show_problem(screen: Screen, problem: Mapping[str, Any], *, where: str = "") -> None:
    screen.say(f"  {_WEIGHTS[problem['severity']]}: {problem['code']}{where} {problem['message']}")
    if problem["severity"] != "info" and problem["mend"]:
        screen.say(f"    how: {problem['mend']}")


def _status_row(message: Json) -> tuple[str, ...]:
    return (
        message["messageId"],
        message["recipient"] or "-",
        message["serviceIdentifier"] or "-",
        " ".join(event["status"] for event in message["statuses"]) or "-",
        _OUTCOMES[message["outcome"]] if is_sent(message) else "left out",
    )
