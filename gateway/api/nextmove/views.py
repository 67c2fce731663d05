"""What is known as the reference system shows it: a status, a conversation, a subscription.

In come records, out goes JSON without the nulls. Called by the routes of this folder. Reference §2.8.
"""

from gateway.api.tongue import told
from gateway.message.oslo import oslo_time
from gateway.storage.nextmove.described import Described
from gateway.storage.nextmove.exchanges import Exchange, Step
from gateway.storage.nextmove.log import LogEntry

Json = dict[str, object]


def status_json(entry: LogEntry) -> Json:
    """One status with the message it is of."""
    return {
        "id": entry.number,
        "lastUpdate": oslo_time(entry.at),
        "status": entry.status.value,
        "description": _words(entry.description, entry.mend),
        "rawReceipt": entry.raw,
        "convId": entry.conversation_number,
        "messageId": entry.message_id,
        "conversationId": entry.conversation_id,
    }


def exchange_json(exchange: Exchange) -> Json:
    """One message as a conversation."""
    return {
        "id": exchange.number,
        "conversationId": exchange.conversation_id,
        "messageId": exchange.message_id,
        "sender": exchange.sender,
        "senderIdentifier": _part_or_number(exchange.sender),
        "receiver": exchange.receiver,
        "receiverIdentifier": _number(exchange.receiver) if exchange.receiver else None,
        "processIdentifier": exchange.process,
        "documentIdentifier": exchange.document_type,
        "messageReference": exchange.reference or exchange.conversation_id,
        "messageTitle": exchange.title or "",
        "lastUpdate": oslo_time(exchange.last_update),
        "finished": exchange.finished,
        "expiry": oslo_time(exchange.expiry) if exchange.expiry else None,
        "direction": exchange.direction.value,
        "serviceIdentifier": exchange.channel,
        "messageStatuses": [_step_json(step) for step in exchange.steps],
    }


def subscription_json(entry: Described) -> Json:
    """One subscription."""
    return {
        "id": entry.number,
        "name": entry.name,
        "pushEndpoint": entry.push_endpoint,
        "resource": entry.resource,
        "event": entry.event,
        "filter": entry.filter,
    }


def _step_json(step: Step) -> Json:
    return {
        "id": step.number,
        "lastUpdate": oslo_time(step.at),
        "status": step.status.value,
        "description": _words(step.description, step.mend),
    }


def _words(description: str, mend: str | None) -> str | None:
    """What happened and what to do about it, in the one member that there is for both."""
    said = [told(text) for text in (description, mend or "") if text]
    return ". ".join(text.removesuffix(".") for text in said) + "." if len(said) == 2 else "".join(said) or None


def _number(identifier: str) -> str:
    return identifier.removeprefix("0192:").partition(":")[0]


def _part_or_number(identifier: str) -> str:
    return identifier.rpartition(":")[2]
