"""The demo's last part: an arkivmelding in the v1 dialect, refused as it is, converted on request, delivered.

In come a stage, a screen and the claims so far, out come shown steps and checked claims. Called by `demo`.
"""

from gateway.cli.demo_parts import has_status, read_sample, upload, watch
from gateway.cli.expecting import Expectations
from gateway.cli.remote import Json, RemoteGateway, fetch
from gateway.cli.screen import Screen
from gateway.cli.showing import show_conversation, tell_refusal
from gateway.cli.stage import Stage
from gateway.errors import Refused
from gateway.resources import shipped

V1_DIALECT = "06-v1-dialect"
_DOCUMENT = "klage.pdf"
_RECIPIENT = "0192:311000020"


class DialectDemo:
    """One run over one stage."""

    def __init__(self, stage: Stage, screen: Screen, *, claims: Expectations) -> None:
        self._stage, self._screen, self._claims = stage, screen, claims
        self._remote = RemoteGateway(stage.url, stage.key)
        self._sample = shipped("samples").joinpath(V1_DIALECT)

    def run(self) -> None:
        """Every step."""
        self._screen.head("8. An arkivmelding in the v1 dialect, with organisation numbers in it")
        xml = read_sample(self._sample, "arkivmelding.xml")
        self._expect_refusal(xml)
        view = self._convert(xml)
        upload(
            self._remote,
            view["conversationId"],
            files=[(_DOCUMENT, read_sample(self._sample, _DOCUMENT))],
            screen=self._screen,
        )
        answer = self._remote.commit(view["conversationId"])
        sent = watch(self._remote, view["conversationId"], until="LEVERT", screen=self._screen)
        delivered = [has_status(message, "LEVERT") for message in sent]
        self._claims.expect("converted, sent, LEVERT", delivered, wanted=[True])
        self._ask_recipient(answer)

    def _expect_refusal(self, xml: bytes) -> None:
        """As it is, no receiver of eFormidling could read it."""
        try:
            self._remote.post(xml, options={})
        except Refused as error:
            tell_refusal(self._screen, error)
            found = (error.code, error.offers.get("acceptedIfConverted"))
            self._claims.expect("as it is, it is refused", found, wanted=("DIALECT_NOT_DELIVERABLE", True))
        else:
            self._claims.expect("as it is, it is refused", "taken", wanted="refused")

    def _convert(self, xml: bytes) -> Json:
        """Converted, with every change listed, and addressed by the numbers in it."""
        view = self._remote.post(xml, options={"convert": True})
        show_conversation(self._screen, view)
        recipients = [(each["recipient"], each["identifiedBy"]) for each in view["prototypes"]]
        self._claims.expect("its own organisation number addresses it", recipients, wanted=[(_RECIPIENT, "document")])
        facts = view["arkivmelding"]
        self._claims.expect(
            "converted, and valid", (facts["dialect"], facts["converted"], facts["valid"]), wanted=("v1", True, True)
        )
        return view

    def _ask_recipient(self, answer: Json) -> None:
        """What arrived is an eFormidling arkivmelding, and valid."""
        ids = {each["messageId"] for each in answer["messages"]}
        deliveries = fetch(f"{self._stage.sandbox.url}/_sim/deliveries")
        schemas = [str(each["schema"]) for each in deliveries if each["messageId"] in ids]
        self._claims.expect(
            "the recipient can read it", [schema.startswith("valid") for schema in schemas], wanted=[True]
        )
