"""A draft as it stands before a caller: posted, addressed, asked about at a registry of a few organisations, assessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from itertools import count

from gateway.arkivmelding.adressering import Given
from gateway.arkivmelding.inspection import Inspection, Kit, inspect
from gateway.arkivmelding.parties import find_addressees
from gateway.arkivmelding.schema import Schemas
from gateway.delivery.assessment import Situation, assess, is_confidential
from gateway.delivery.choosing import choose_routes, course_for, start_choices
from gateway.delivery.drafting import given_beside
from gateway.delivery.submission import IntakeSettings, View
from gateway.errors import Outside, Rejected
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING, TAUSHETSBELAGT, Channel
from gateway.message.prototype import Choice
from gateway.registry.records import Entity, LookUp, Query, ServiceRecord
from gateway.registry.routing import RoutingSettings
from gateway.storage.conversations import Conversation, ConversationState
from gateway.storage.documents import StoredDocument
from tests.documents import DPF, DPO, DPV, SENDER, Message
from tests.live import read_schemas

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
HELSE = "0192:311000063"
PLAN = "urn:no:difi:profile:arkivmelding:planByggOgGeodata:ver1.0"
ROUTING = RoutingSettings(enabled=frozenset({Channel.DPO, Channel.DPV, Channel.DPF}))


def record(channel: Channel, process: str, level: int | None = None) -> ServiceRecord:
    """One way; DPV has the resource of its process."""
    area = process.split(":")[5]
    resource = f"eformidling-dpv-{area}" if channel is Channel.DPV else None
    return ServiceRecord(channel, process, (ARKIVMELDING,), None, "", resource, level)


ORGANISATIONS: Mapping[str, tuple[str, tuple[ServiceRecord, ...]]] = {
    SENDER: ("HAVNES KOMMUNE", tuple(record(Channel.DPO, each) for each in (PLAN, ADMINISTRASJON, TAUSHETSBELAGT))),
    DPO: (
        "FJORDVIK TILSYN",
        tuple(
            record(channel, each)
            for each in (PLAN, ADMINISTRASJON, TAUSHETSBELAGT)
            for channel in (Channel.DPO, Channel.DPV)
        ),
    ),
    HELSE: ("SKOGEN HELSEFORETAK", (record(Channel.DPO, ADMINISTRASJON), record(Channel.DPO, TAUSHETSBELAGT))),
    DPF: ("BREIDAL KOMMUNE", tuple(record(Channel.DPF, each, 3) for each in (ADMINISTRASJON, TAUSHETSBELAGT))),
    DPV: ("LIA SNEKKERI AS", tuple(record(Channel.DPV, each) for each in (ADMINISTRASJON, TAUSHETSBELAGT))),
}


@dataclass
class Register:
    """A registry that knows the organisations above; `failing` gives errors by identifier, `asked` keeps the questions."""

    failing: dict[str, Outside] = field(default_factory=dict)
    asked: list[Query] = field(default_factory=list)

    def look_up_all(self, queries: Sequence[Query]) -> Mapping[Query, LookUp | Outside]:
        """Every question answered by the table."""
        self.asked += queries
        return {query: self._answer(query) for query in queries}

    def _answer(self, query: Query) -> LookUp | Outside:
        if query.identifier in self.failing:
            return self.failing[query.identifier]
        if query.identifier not in ORGANISATIONS:
            return Rejected("unknown", status=404)
        name, records = ORGANISATIONS[query.identifier]
        fitting = tuple(
            each
            for each in records
            if query.process in (None, each.process) and query.security_level in (None, each.security_level)
        )
        return LookUp(Entity(query.identifier[5:], name, "ORGL", None), fitting)


@cache
def kit() -> Kit:
    """The gateway's own schemas, compiled once."""
    return Kit(Schemas(read_schemas()))


def look(message: Message) -> Inspection:
    """The message looked through."""
    return inspect(message.xml(), kit(), today=TODAY)


def conversation(**facts: object) -> Conversation:
    """A draft of the sender's, as the facts say."""
    draft = Conversation(
        id="k-1",
        client_id="fagsystem",
        state=ConversationState.DRAFT,
        sender=SENDER,
        melding_id="m",
        arkivmelding=b"",
        title=None,
        shielding="open",
        confidential=None,
        process=None,
        created=NOW,
        expires=NOW,
    )
    return replace(draft, **facts)  # type: ignore[arg-type]


def stored(filename: str, size: int = 10) -> StoredDocument:
    """A document that has been uploaded."""
    return StoredDocument("k-1", filename, "key", size, 0, b"", "application/pdf", NOW)


def choices_of(
    message: Message, *, register: Register | None = None, draft: Conversation | None = None
) -> tuple[Choice, ...]:
    """A choice for each recipient, asked about; ids are m-1, m-2, … and c-1, c-2, …"""
    draft, inspection = draft or conversation(), look(message)
    addressing = find_addressees(
        inspection.facts, draft.sender, requested=given_beside(draft), written=inspection.given
    )
    numbers = count(2)
    choices = start_choices(addressing.addressees, lambda: "mc"[(number := next(numbers)) % 2] + f"-{number // 2}")
    secret = is_confidential(draft, inspection)
    course = course_for(inspection.facts, confidential=secret, process=draft.process, rules=())
    return choose_routes(choices, course, registry=register or Register(), settings=ROUTING)


def view_of(
    message: Message | None = None,
    *,
    choices: tuple[Choice, ...] | None = None,
    draft: Conversation | None = None,
    documents: tuple[StoredDocument, ...] = (stored("vedtak.pdf"),),
    recipients: tuple[Given, ...] = (),
) -> View:
    """The draft as an answer would show it."""
    message, draft = message or Message(), draft or conversation()
    if recipients:
        entries = [
            {"korrespondansepart": each.part, "navn": each.navn, "identifikator": each.identifikator}
            for each in recipients
        ]
        draft = replace(draft, options={"recipients": entries})
    inspection = look(message)
    addressing = find_addressees(
        inspection.facts, draft.sender, requested=given_beside(draft), written=inspection.given
    )
    choices = choices_of(message, draft=draft) if choices is None else choices
    return assess(Situation(draft, inspection, choices, documents, addressing, IntakeSettings()))
