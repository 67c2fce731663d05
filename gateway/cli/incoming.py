"""Incoming messages on a screen and in a folder.

In comes the JSON of the inbox, out go tables, lines and files. Called by `gateway inbox`. Names of files are the
sender's: nothing is written outside the folder, and nothing that is there is replaced.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from gateway.cli.remote import Json, RemoteGateway
from gateway.cli.screen import Screen
from gateway.errors import SetupFault
from gateway.language import say

_HEADS = (say("received"), say("from"), say("kind"), say("documents"), say("state"), say("message"))


def show_page(screen: Screen, page: Json) -> None:
    """A table of messages, and how many there are that it does not show."""
    if not page["messages"]:
        screen.say(say("nothing"))
        return
    screen.table(_HEADS, [_row(each) for each in page["messages"]])
    left = page["total"] - len(page["messages"])
    if left > 0:
        screen.say(say("and {count} more: --limit shows them", count=left))


def show_message(screen: Screen, message: Json) -> None:
    """Everything about one message."""
    head = say(
        "message {id} from {sender}: {state}", id=message["messageId"], sender=message["sender"], state=_state(message)
    )
    screen.say(head, style="bold")
    screen.say(
        say(
            "  came for {organisation} at {moment} UTC",
            organisation=message["organisation"],
            moment=_moment(message["received"]),
        )
    )
    screen.say(say("  {type}, process {process}", type=_type(message), process=message["process"]))
    if message["inReplyTo"]:
        screen.say(say("  answers our message {id}", id=message["inReplyTo"]))
    _show_signature(screen, message["signature"])
    for each in message["documents"]:
        screen.say(say("  {name}, {size} bytes", name=each["filename"], size=each["size"]))
    for event in message["statuses"]:
        screen.say(say("  {moment}  {what}", moment=_moment(event["at"]), what=event["status"]))
    for receipt in message["receipts"]:
        screen.say(say("  told the sender {status}: {state}", status=receipt["status"], state=receipt["state"]))


def save_documents(screen: Screen, remote: RemoteGateway, *, any_id: str, folder: Path) -> None:
    """Every document of a message under its own name."""
    names = [each["filename"] for each in remote.incoming(any_id)["documents"]]
    places = [_place(folder, name) for name in names]
    for name, place in zip(names, places, strict=True):
        _write(place, remote.incoming_document(any_id, name))
        screen.say(say("saved {path}", path=place))
    if not names:
        screen.say(say("it carries no documents"))


def save_container(screen: Screen, remote: RemoteGateway, *, any_id: str, folder: Path) -> None:
    """The ASiC-E of a message as one file."""
    if remote.incoming(any_id)["signature"]["verdict"] == "NO_PACKAGE":
        screen.say(say("it carries no package, so there is nothing to save"))
        return
    place = _place(folder, f"{any_id}.asice")
    remote.lock_incoming(any_id)
    _write(place, remote.pop(any_id))
    screen.say(say("saved {path}", path=place))


def acknowledge_message(screen: Screen, remote: RemoteGateway, *, any_id: str) -> None:
    """Lock it and say that it has been taken over; what was set aside is told as that."""
    remote.lock_incoming(any_id)
    done = remote.acknowledge(any_id)
    if done["signature"]["verdict"] in ("VALID", "NO_PACKAGE"):
        screen.say(say("acknowledged: the sender is told LEVERT"))
    else:
        screen.say(say("set aside; the sender is told nothing"))


def _row(message: Json) -> tuple[str, ...]:
    return (
        _moment(message["received"]),
        message["sender"],
        _type(message),
        str(len(message["documents"])),
        _state(message),
        message["messageId"],
    )


def _state(message: Json) -> str:
    if message["state"] == "unreadable":
        return say("{state} ({verdict})", state=message["state"], verdict=message["signature"]["verdict"])
    return say("{state}, locked", state=message["state"]) if message["lock"] else str(message["state"])


def _show_signature(screen: Screen, signature: Json) -> None:
    if signature["signer"]:
        screen.say(
            say(
                "  signed by {signer}, certificate valid to {until}",
                signer=signature["signer"],
                until=_moment(signature["validUntil"]),
            )
        )
        if not signature["signedBySender"]:
            screen.say(say("  the sender itself did not sign it: that certificate is another organisation's"))
    elif signature["verdict"] == "NO_PACKAGE":
        screen.say(say("  it carries no package, so nothing in it is signed"))
    else:
        screen.say(say("  not handed on: {reason}", reason=signature["reason"]))
        if signature["mend"]:
            screen.say(say("  mend: {mend}", mend=signature["mend"]))


def _place(folder: Path, name: str) -> Path:
    """Where a file goes; `SetupFault` where something is there, or the name would lead elsewhere."""
    place = folder / name
    if place.parent != folder or name in ("", ".", ".."):
        raise SetupFault(say("{name} is no name of a file", name=name), mend=say("Save it with --asice."))
    if place.exists():
        raise SetupFault(say("{path} is there already", path=place), mend=say("Name another folder with --to."))
    return place


def _write(place: Path, blocks: Iterable[bytes]) -> None:
    """Whole or not at all: what is cut off leaves nothing behind."""
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f".{place.name}.part")
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for block in blocks:
                file.write(block)
        unfinished.rename(place)
    except OSError as fault:
        raise SetupFault(
            say("{path} cannot be written: {reason}", path=place, reason=fault.strerror or type(fault).__name__),
            mend=say("Name another folder with --to."),
        ) from fault
    finally:
        unfinished.unlink(missing_ok=True)


def _type(message: Json) -> str:
    return str(message["documentType"]).rpartition("::")[2]


def _moment(text: str | None) -> str:
    return f"{text[:10]} {text[11:19]}" if text else "-"
