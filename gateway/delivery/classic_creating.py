"""From a client's SBD to a classic draft: who sends it, who can take it, what is written in.

In come the JSON and its caller, out comes a `ClassicView` of which nothing is stored yet. Called by `delivery.classic`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.arkivmelding.handling import Handling
from gateway.delivery.choosing import RETRY_AFTER, Registry
from gateway.delivery.classic_records import ClassicSettings, ClassicView, RefusedSbd
from gateway.delivery.drafting import name_sender
from gateway.delivery.submission import Caller, IntakeSettings, NewId, Options
from gateway.errors import Fault, Invalid, Severity, Unavailable
from gateway.language import say
from gateway.message.business import CARRIED, security_level
from gateway.message.client_sbd import ClientSbd, UnsoundSbd, read_client_sbd
from gateway.message.filling import Defaults, fill_in
from gateway.message.identifiers import mask_persons, parse_identifier
from gateway.message.places import SbdFault
from gateway.message.processes import TAUSHETSBELAGT, Channel
from gateway.message.prototype import Choice, IdentifiedBy, PartRef, Problem
from gateway.message.sbd import HEADER, Envelope, read_envelope
from gateway.message.status import Outcome
from gateway.registry.routing import Routed, RoutingSettings, Wish, questions, route
from gateway.storage.conversations import Conversation, ConversationKind, ConversationState
from gateway.storage.messages import Message, MessageState

_RECEIVER = f"/{HEADER}/receiver/0/identifier/value"
_CHANNEL = f"/{HEADER}/businessScope/scope"
_ASK = say("GET /capabilities/… tells by which processes and channels the recipient can be reached.")
_MENDS = {
    "NO_CHANNEL": _ASK,
    "CHANNEL_NOT_ENABLED": say("Send it another way, or by another process: GET /capabilities/… lists them."),
}


ChannelOf = Callable[[str, Sequence[str]], str | None]


@dataclass(frozen=True, slots=True)
class Creating:
    """What a draft is made with: settings, the registry, and one moment.

    `channel_of` gives the message channel of an incoming message of one of these organisations.
    """

    registry: Registry
    routing: RoutingSettings
    intake: IntakeSettings
    settings: ClassicSettings
    channel_of: ChannelOf
    now: datetime
    new_id: NewId

    def derive(self, document: object, caller: Caller, *, complete: bool) -> ClassicView:
        """The draft as it would be kept."""
        sbd = read_or_refuse(document, now=self.now, complete=complete)
        sender = self._name_sender(sbd, caller)
        channel = self._channel_for(sbd, caller)
        wish = _wish_of(sbd)
        routed = self._ask(wish)
        filled = fill_in(sbd, self._defaults(sender, channel))
        envelope = read_envelope(filled)
        choice = _choose(envelope, wish, routed=routed)
        conversation = self._begin(envelope, choice, caller=caller, sender=sender)
        return ClassicView(conversation, _prototype(conversation, choice), filled)

    def _name_sender(self, sbd: ClientSbd, caller: Caller) -> str:
        """The organisation that it is sent for; on behalf of another, the supplier must be one of ours, too."""
        own = self.settings.own
        if sbd.sender is None:
            several = len(caller.organisations) > 1
            return name_sender(Options(sender=own if several and own in caller.organisations else None), caller)
        identifier = parse_identifier(sbd.sender)
        principal = f"0192:{identifier.part or identifier.number}"
        caller.may_send_for(principal)
        if identifier.part and f"0192:{identifier.number}" not in (own, principal):
            caller.may_send_for(f"0192:{identifier.number}")
        return principal

    def _channel_for(self, sbd: ClientSbd, caller: Caller) -> str | None:
        """That of the message that a receipt answers, so that its sender's installation finds it; else our own."""
        ours, related = self.settings.channel, sbd.business.get("relatedToMessageId")
        answered = self.channel_of(str(related), caller.organisations) if sbd.type.is_receipt and related else None
        if ours and sbd.channel not in (None, ours, answered):
            message = say(
                "the SBD names the message channel {named}, and this gateway sends on {ours}",
                named=sbd.channel,
                ours=ours,
            )
            mend = say("Leave the scope MessageChannel out, or name that channel.")
            raise _refusal("MESSAGE_CHANNEL", message, mend=mend, path=_CHANNEL)
        return answered or ours

    def _ask(self, wish: Wish) -> Routed:
        routed = route(wish, self.registry.look_up_all(questions(wish)), settings=self.routing)
        if routed.problems:
            raise _no_way(routed.problems[0])
        return routed

    def _defaults(self, sender: str, channel: str | None) -> Defaults:
        own = self.settings.own
        written = f"{own}:{sender.removeprefix('0192:')}" if own and own != sender else sender
        deadline = self.now + self.intake.message_lifetime
        return Defaults(written, channel, deadline, self.now, self.new_id)

    def _begin(self, envelope: Envelope, choice: Choice, *, caller: Caller, sender: str) -> Conversation:
        secret = choice.confidential
        lifetime = self.intake.confidential_draft_lifetime if secret else self.intake.draft_lifetime
        return Conversation(
            id=self.new_id(),
            client_id=caller.client_id,
            state=ConversationState.DRAFT,
            sender=sender,
            melding_id=None,
            arkivmelding=b"",
            title=None,
            shielding="open",
            confidential=True if secret else None,
            process=envelope.process,
            created=self.now,
            expires=self.now + lifetime,
            options={"handling": (caller.handling or Handling.LENIENT).value},
            kind=ConversationKind.CLASSIC,
        )


def read_or_refuse(document: object, *, now: datetime, complete: bool) -> ClientSbd:
    """The SBD, if it holds and something here carries it."""
    try:
        sbd = read_client_sbd(document, now=now, complete=complete)
    except UnsoundSbd as unsound:
        raise _unsound(unsound.faults) from None
    if sbd.type.name not in CARRIED:
        message = say("this gateway does not send {type} yet: it has no channel that carries it", type=sbd.type.name)
        path = f"/{HEADER}/documentIdentification/type"
        raise _refusal("CHANNEL_NOT_ENABLED", message, mend=say("Send it another way for now."), path=path)
    return sbd


def _unsound(found: tuple[SbdFault, ...]) -> RefusedSbd:
    message = say("the SBD has 1 fault; nothing was kept")
    if len(found) > 1:
        message = say("the SBD has {count} faults; nothing was kept", count=len(found))
    return RefusedSbd(message, found=found, faults=tuple(_as_fault(each) for each in found))


def _as_fault(fault: SbdFault) -> Fault:
    value = fault.rejected
    shown = mask_persons(str(value)) if isinstance(value, (str, int, float)) else None
    return Fault(
        fault.constraint.value, Severity.ERROR, fault.message, fault.mend, path=fault.pointer or "/", value=shown
    )


def _wish_of(sbd: ClientSbd) -> Wish:
    """What to ask the registry: it takes the organisation itself, without a part of it."""
    try:
        receiver = parse_identifier(sbd.receiver or "")
    except ValueError:
        message = say("the receiver is reached over the health network, and this gateway does not send on it")
        mend = say("Send it another way for now.")
        raise _refusal("CHANNEL_NOT_ENABLED", message, mend=mend, path=_RECEIVER) from None
    number = receiver.number if len(receiver.number) == 11 else f"0192:{receiver.number}"
    level = security_level(sbd.business.get("sikkerhetsnivaa"))
    return Wish(number, sbd.process, sbd.process == TAUSHETSBELAGT, None, sbd.document_type, level)


def _choose(envelope: Envelope, wish: Wish, *, routed: Routed) -> Choice:
    return Choice(
        message_id=envelope.message_id,
        conversation_id=envelope.conversation_id,
        part=PartRef(0, "", ""),
        recipient=wish.recipient,
        identified_by=IdentifiedBy.SBD,
        in_arkivmelding=False,
        registered=routed.registered,
        route=routed.route,
        confidential=wish.confidential,
        why=routed.why,
        deadline=envelope.expected_response,
        level=wish.level,
    )


def _prototype(conversation: Conversation, choice: Choice) -> Message:
    return Message(
        id=choice.message_id,
        conversation_id=conversation.id,
        client_id=conversation.client_id,
        position=0,
        choice=choice,
        state=MessageState.PROTOTYPE,
        rendering=None,
        sender=conversation.sender,
        recipient=choice.recipient,
        channel=choice.route.channel.value if choice.route else Channel.UNKNOWN.value,
        reference=None,
        deadline=None,
        outcome=Outcome.PENDING,
        last_status=None,
    )


def _no_way(problem: Problem) -> Invalid | Unavailable:
    if problem.code == "REGISTRY_FAILED":
        mend = say("Nothing was kept; try again in a little while.")
        return Unavailable(problem.message, mend=mend, code=problem.code, retry_after=RETRY_AFTER)
    return _refusal(problem.code, problem.message, mend=_MENDS.get(problem.code, problem.mend), path=_RECEIVER)


def _refusal(code: str, message: str, *, mend: str, path: str) -> Invalid:
    fault = Fault(code, Severity.ERROR, message, mend, path=path)
    return Invalid(message, code=code, mend=mend, faults=(fault,))
