"""The story of one message for a tired person: what happened step by step, what is awaited, who must do what.

In comes the JSON of a timeline, out go sentences on a `Screen`. Called by `gateway status --explain`. What the gateway
itself says in words, it has said in the language that it was asked for.
"""

from gateway.cli.remote import Json
from gateway.cli.screen import Screen
from gateway.cli.showing import MUST_ACT, OUTCOMES
from gateway.language import say

_STEPS = {
    "deliver": say("tried to hand it over"),
    "follow": say("asked the channel how it stands"),
    "receipt": say("the recipient answered again"),
}
_NO_STEP = say("tried")
_ENDS = {
    "delivered": say("nothing; it has been delivered"),
    "failed": say("nothing; it has failed, and nothing more is tried by itself"),
    "unknown": say("nothing; the deadline has passed, and whether it arrived is not known"),
    "cancelled": say("nothing; it was cancelled and not sent"),
    "pending": say("nothing; it was left out"),
}


def show_story(screen: Screen, story: Json) -> None:
    """Everything about one message, the end of it last."""
    screen.say()
    screen.say(
        say(
            "message {id} to {recipient} by {channel}: {outcome} (times in UTC)",
            id=story["messageId"],
            recipient=story["recipient"] or "-",
            channel=story["serviceIdentifier"] or "-",
            outcome=OUTCOMES[story["outcome"]],
        ),
        style="bold",
    )
    before: Json = {}
    for entry in story["timeline"]:
        # A status that a try or an act brought with it would only say the same again.
        words = entry["name"] if _comes_of(entry, before) else _what(entry)
        screen.say(say("  {moment}  {what}", moment=_moment(entry["at"]), what=words))
        before = entry
        if entry["nextTry"]:
            screen.say(say("                       next try {moment}", moment=_moment(entry["nextTry"])))
    _show_state(screen, story)


def _comes_of(entry: Json, before: Json) -> bool:
    return entry["kind"] == "status" and before.get("at") == entry["at"] and before["kind"] in ("attempt", "act")


def _show_state(screen: Screen, story: Json) -> None:
    screen.say(say("  awaited now: {what}", what=_awaited(story)))
    if story["deadline"] and story["awaits"] != "nothing":
        screen.say(say("  deadline: {moment}", moment=_moment(story["deadline"])))
    if story["mustAct"]:
        screen.say(say("  who must act: {who}", who=MUST_ACT[story["mustAct"]]))
    if story["mend"]:
        screen.say(say("  what to do: {mend}", mend=story["mend"]))
    if story["answer"]:
        screen.say(say("  the channel's own words: {answer}", answer=story["answer"]))
    if story["mayRetry"]:
        words = say("  to start it again when that is mended: gateway retry {id}", id=story["messageId"])
        if story["outcome"] == "pending":
            words = say("  to try at once: gateway retry {id}", id=story["messageId"])
        screen.say(words)


def _awaited(story: Json) -> str:
    awaits = story["awaits"]
    if awaits == "nothing":
        return _ENDS[story["outcome"]]
    if awaits == "commit":
        return say("the commit; it is a draft, and nothing of it is sent before")
    if awaits == "hold":
        return say("the time until which it is held back, {moment}", moment=_moment(story["heldUntil"]))
    if awaits == "release":
        return say("its release: it was restored from a backup, and may have been handed over since")
    if awaits == "recipient":
        return say("the recipient's receipt; the channel has it ready to be fetched")
    if story["underWay"]:
        return say("a try that is being made this very moment")
    if awaits == "channel":
        moment = _moment(story["nextTry"])
        return say("the channel, which has it and has not published it yet; asked again {moment}", moment=moment)
    return say("the next try, {moment}", moment=_moment(story["nextTry"]))


def _what(entry: Json) -> str:
    """One row in words."""
    kind, words = entry["kind"], entry["description"] or ""
    if kind == "status":
        return say("{status}: {words}", status=entry["name"], words=words) if words else entry["name"]
    if kind == "reference":
        if not entry["reference"]:
            return say("the channel's name for it is given up: {why}", why=words)
        return say("the channel calls it {reference}: {why}", reference=entry["reference"], why=words)
    if kind == "act":
        return say("{words} ({actor})", words=words, actor=entry["actor"]) if entry["actor"] else words
    step = _STEPS.get(entry["name"], _NO_STEP)
    if entry["httpStatus"]:
        return say("{step}: {words} (HTTP {status})", step=step, words=words, status=entry["httpStatus"])
    return say("{step}: {words}", step=step, words=words)


def _moment(text: str | None) -> str:
    """`2026-11-28 05:03:12`."""
    return f"{text[:10]} {text[11:19]}" if text else "-"
