"""What the answers about a classic conversation look like: as near as can be to those about any other.

In comes a `ClassicView`, out come plain dicts. Called by `api.classic`.
"""

from gateway.api.times import moment
from gateway.api.tongue import told
from gateway.api.views import (
    Json,
    arkivmelding_json,
    document_json,
    head_json,
    problem_json,
    registered_json,
    route_members,
    sent_json,
)
from gateway.arkivmelding.changes import NO_CHANGES, changes_json
from gateway.delivery.classic_problems import in_sending_order
from gateway.delivery.classic_records import ClassicCommitment, ClassicView


def classic_json(view: ClassicView) -> Json:
    """The answer to POST and GET of a classic conversation."""
    conversation = view.conversation
    return {
        **head_json(conversation, ready=view.ready),
        "notBefore": None,
        "inReplyTo": None,
        "arkivmelding": arkivmelding_json(view.inspection) if view.inspection else None,
        "documents": [{"role": None, "variant": None, **document_json(each)} for each in view.documents],
        "prototypes": [_prototype(view)],
        "skipped": [],
        "problems": [problem_json(each) for each in view.problems],
        "confirmed": [],
        **changes_json(NO_CHANGES, told),
        "standardBusinessDocument": view.sbd or None,
    }


def classic_commitment_json(commitment: ClassicCommitment) -> Json:
    """The answer to a commit: the same whether it is the first or a repeated one."""
    conversation = commitment.view.conversation
    return {
        "conversationId": conversation.id,
        "committed": moment(conversation.committed),
        "messages": [sent_json(commitment.view.message.choice)],
        "notSent": [],
        "links": {"self": f"/out/messages/{conversation.id}", "statuses": f"/statuses/{conversation.id}"},
    }


def _prototype(view: ClassicView) -> Json:
    choice = view.message.choice
    return {
        "messageId": choice.message_id,
        "selected": True,
        "ready": view.ready,
        "korrespondansepart": None,
        "recipient": choice.recipient,
        "identifiedBy": choice.identified_by.value if choice.identified_by else None,
        "registered": registered_json(choice.registered),
        "nameMatch": choice.name_match.value,
        **route_members(choice.route),
        "confidential": choice.confidential,
        "documents": [each.filename for each in in_sending_order(view)],
        "size": sum(each.size for each in view.documents),
        "sizeLimit": view.size_limit,
        "expectedResponseDateTime": moment(choice.deadline),
        "redactions": [],
        "why": [told(each) for each in choice.why],
        "alternatives": [],
        "problems": [],
        "confirmed": [],
        "standardBusinessDocument": view.sbd or None,
    }
