"""The demo step by step: what a fagsystem does over HTTP, what the gateway answers, and whether it is as it should be.

In come a `Stage` and a `Screen`, out come shown steps and checked claims. Called by `demo`. Nothing here reaches into
the gateway: a client in any language could do the same.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from gateway.cli.demo_parts import read_sample, upload, watch
from gateway.cli.expecting import Expectations
from gateway.cli.remote import Json, RemoteGateway, fetch
from gateway.cli.screen import Screen
from gateway.cli.showing import show_conversation
from gateway.cli.stage import Stage
from gateway.errors import Refused
from gateway.resources import shipped

FOUR_RECIPIENTS = "02-four-recipients"
SLIPPED_INDEX = "05-slipped-index"
ACTOR = "saksbehandler-7"


class Demo:
    """One run over one stage. Each method is a step; they go in the order in which they stand."""

    def __init__(self, stage: Stage, screen: Screen) -> None:
        self.claims = Expectations(screen)
        self._stage = stage
        self._screen = screen
        self._remote = RemoteGateway(stage.url, stage.key)
        self._sample = shipped("samples").joinpath(FOUR_RECIPIENTS)
        self._id = ""
        self._documents: Sequence[str] = ()

    def run(self) -> None:
        """Every step."""
        view = self.post()
        self.stop_wrong_recipient()
        self.decide(view)
        self.upload()
        answer = self.commit()
        self.follow(answer)
        self.ask_recipients(answer)

    def post(self) -> Json:
        """An arkivmelding goes in, a prototype for each recipient comes out."""
        self._screen.head("1. POST an arkivmelding: one prototype for each of its four recipients")
        view = self._remote.post(read_sample(self._sample, "arkivmelding.xml"), options={"actor": ACTOR})
        self._id = view["conversationId"]
        self._documents = [each["filename"] for each in view["documents"]]
        show_conversation(self._screen, view)
        parts = {each["korrespondansepart"]["name"]: each for each in view["prototypes"]}
        channels = [each["serviceIdentifier"] for each in view["prototypes"]]
        self.claims.expect("each recipient has the channel that the registry gives it", channels, wanted=_CHANNELS)
        blocked = [name for name, each in parts.items() if "CHANNEL_NOT_ENABLED" in _codes(each)]
        self.claims.expect("two go by a channel that is not switched on here", blocked, wanted=_BY_POST)
        return view

    def stop_wrong_recipient(self) -> None:
        """Another name in the registry, and an index that has slipped: neither is sent."""
        self._screen.head("2. A wrong recipient is stopped before anything is sent")
        self._expect_refusal("the gateway refuses to send it as it stands", self._id, code="NAME_MISMATCH")
        slipped = shipped("samples").joinpath(SLIPPED_INDEX)
        view = self._remote.post(read_sample(slipped, "arkivmelding.xml"), options={"actor": ACTOR})
        show_conversation(self._screen, view)
        self._expect_refusal(
            "an index that has slipped by one is refused", view["conversationId"], code="PART_MISMATCH"
        )
        self._remote.discard(view["conversationId"])
        self.claims.expect("discarded, and gone", self._is_gone(view["conversationId"]), wanted=True)

    def decide(self, view: Json) -> None:
        """A person says yes to the new name, and leaves out whom no channel reaches."""
        self._screen.head("3. PUT: a person confirms the new name, and leaves out whom no channel reaches yet")
        renamed = [each["messageId"] for each in view["prototypes"] if "NAME_MISMATCH" in _codes(each)]
        confirm = [{"messageId": message, "confirm": ["NAME_MISMATCH"]} for message in renamed]
        view = self._remote.edit(self._id, {"prototypes": confirm, "actor": ACTOR})
        confirmed = [one["actor"] for each in view["prototypes"] for one in each["confirmed"]]
        self.claims.expect("who said yes is kept", confirmed, wanted=[ACTOR])
        view = self._remote.edit(self._id, {"select": "ready"})
        show_conversation(self._screen, view)
        left_out = [each["korrespondansepart"]["name"] for each in view["prototypes"] if not each["selected"]]
        self.claims.expect("those left out are named, not forgotten", left_out, wanted=_BY_POST)

    def upload(self) -> None:
        """The documents, once for all recipients."""
        self._screen.head("4. PUT the documents: once, for all recipients")
        files = [(name, read_sample(self._sample, name)) for name in self._documents]
        upload(self._remote, self._id, files=files, screen=self._screen)
        view = self._remote.look(self._id)
        self.claims.expect("now it is ready", view["ready"], wanted=True)
        digests = {each["filename"]: each["sha256"] for each in view["documents"]}
        self.claims.expect("the gateway has exactly these bytes", digests, wanted=self._digests())

    def commit(self) -> Json:
        """Everything selected is queued, in one transaction."""
        self._screen.head("5. POST: commit")
        answer = self._remote.commit(self._id)
        for each in answer["messages"]:
            self._screen.say(f"  {each['recipient']} by {each['serviceIdentifier']}, message {each['messageId']}")
        self.claims.expect("two messages are on their way", len(answer["messages"]), wanted=2)
        again = self._remote.commit(self._id)
        self.claims.expect("a second commit sends nothing twice", again["messages"], wanted=answer["messages"])
        return answer

    def follow(self, answer: Json) -> None:
        """The worker packs, signs, encrypts and sends; statuses come back until LEST."""
        self._screen.head("6. GET the statuses: packed, signed, encrypted, sent, received, read")
        sent = watch(self._remote, self._id, until="LEST", screen=self._screen)
        ends = [(message["lastStatus"], message["outcome"]) for message in sent]
        self.claims.expect("every message was read", ends, wanted=[("LEST", "delivered")] * len(answer["messages"]))

    def ask_recipients(self, answer: Json) -> None:
        """The recipients themselves: could they open it, and is it what was sent."""
        self._screen.head("7. The recipients' own verdicts")
        deliveries = [
            each for each in fetch(f"{self._stage.sandbox.url}/_sim/deliveries") if each["type"] == "arkivmelding"
        ]
        self._screen.table(_VERDICT_HEADS, [_verdict_row(each) for each in deliveries])
        arrived = {each["messageId"]: each["copies"] for each in deliveries}
        wanted = {each["messageId"]: 1 for each in answer["messages"]}
        self.claims.expect("each message arrived, and only once", arrived, wanted=wanted)
        for each in deliveries:
            self._judge(each)

    def _judge(self, delivery: Json) -> None:
        who = delivery["recipient"]
        sender = self._stage.sandbox.sender.removeprefix("0192:")
        signed = (delivery["signature"], delivery["signer"])
        self.claims.expect(f"{who}: signed by the sender, and the signature holds", signed, wanted=("valid", sender))
        valid = str(delivery["schema"]).startswith("valid")
        self.claims.expect(
            f"{who}: the arkivmelding is valid, nothing is wrong", (valid, delivery["problem"]), wanted=(True, None)
        )
        posted = hashlib.sha256(read_sample(self._sample, "arkivmelding.xml")).hexdigest()
        own = delivery["rendering"] != posted
        self.claims.expect(f"{who}: a rendering of its own, without the others' identifiers", own, wanted=True)
        files = {each["name"]: each["sha256"] for each in delivery["files"] if each["name"] in self._documents}
        self.claims.expect(f"{who}: the documents are the same, byte for byte", files, wanted=self._digests())

    def _expect_refusal(self, claim: str, conversation_id: str, *, code: str) -> None:
        try:
            self._remote.commit(conversation_id)
        except Refused as error:
            self.claims.expect(
                claim, (error.code, code in {fault.rule for fault in error.faults}), wanted=("NOT_READY", True)
            )
        else:
            self.claims.expect(claim, "sent", wanted="refused")

    def _is_gone(self, conversation_id: str) -> bool:
        try:
            return bool(self._remote.look(conversation_id)["state"] == "discarded")
        except Refused:
            return True

    def _digests(self) -> dict[str, str]:
        return {name: hashlib.sha256(read_sample(self._sample, name)).hexdigest() for name in self._documents}


_CHANNELS = ["DPO", "DPO", "DPV", "DPV"]
_BY_POST = ["Lia Snekkeri AS", "Nordmark fylkeskommune"]
_VERDICT_HEADS = ("recipient", "signature", "signed by", "arkivmelding", "files", "copies", "its answers")


def _codes(prototype: Json) -> set[str]:
    return {problem["code"] for problem in prototype["problems"]}


def _verdict_row(delivery: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(delivery["recipient"]),
        str(delivery["signature"]),
        str(delivery["signer"]),
        str(delivery["schema"]),
        "\n".join(f"{each['name']} {each['size']} bytes, sha256 {each['sha256'][:12]}…" for each in delivery["files"]),
        str(delivery["copies"]),
        ", ".join(delivery["answers"]),
    )
