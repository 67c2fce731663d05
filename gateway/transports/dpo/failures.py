"""What the broker's failures mean: each answer or broken call becomes an `Outside` error with its verdict.

In comes an answer or an exception of `requests`, out comes the error to raise. Called by `broker`. An upload has its
own rules: once bytes have left, only an answer that cannot change is final; anything else is asked about first.
"""

from collections.abc import Callable
from datetime import datetime

import requests
import structlog

from gateway.errors import (
    AnswerLost,
    GatewayError,
    MustAct,
    Outside,
    Rejected,
    StorageUnavailable,
    TokenRefused,
    Unavailable,
)
from gateway.language import say
from gateway.maskinporten.calls import TURNED_AWAY, explain, unreachable
from gateway.transports.dpo.body import UploadBody

log = structlog.get_logger(__name__)

WHO = "Altinn Broker"
UNKNOWN_TRANSFER = "UNKNOWN_TRANSFER"

_CHECK_SETTINGS = (
    "The operator of the gateway checks `[dpo] resource`, `system_users` and the rights against the channel's words; "
    "then: gateway retry."
)
_ASK = "Nobody needs to act: the gateway asks Altinn what became of the transfer before it sends anything again."


def explain_answer(
    answer: requests.Response, organisation: str, *, resource: str, now: Callable[[], datetime]
) -> Outside:
    """The error for an answer that is no success, with who can mend it."""
    mend = _CHECK_SETTINGS
    fault = explain(answer, WHO, now=now, mend=mend)
    if isinstance(fault, TokenRefused):
        fault.mend = say(
            "The operator of the gateway checks in Altinn that the system user of {organisation} was approved "
            "and has the rights to {resource}.",
            organisation=organisation,
            resource=resource,
        )
    if answer.status_code == 404:
        if not _is_problem(answer):
            mend = "The operator of the gateway checks the broker's address in the settings, and what stands before it."
            message = say("Something else than {who} answered 404.", who=WHO)
            return Unavailable(message, mend=mend, code=TURNED_AWAY, status=404, answer=fault.answer)
        return Rejected(fault.message, mend=fault.mend, code=UNKNOWN_TRANSFER, status=404, answer=fault.answer)
    if answer.status_code == 413:
        fault.mend = say("Whoever sends makes the message smaller: fewer or smaller documents, or several messages.")
        fault.must_act = MustAct.SENDER
    return fault


def _is_problem(answer: requests.Response) -> bool:
    """Whether the broker itself speaks: a proxy's 404 knows nothing of the transfer, whose bytes may all be there."""
    try:
        body = answer.json()
    except (ValueError, requests.RequestException):
        return False
    return isinstance(body, dict) and isinstance(body.get("detail"), str)


def explain_upload(fault: Outside) -> Outside:
    """The same for an upload: what may have left something behind, or found something there, becomes `AnswerLost`."""
    left_something = fault.status is not None and (fault.status >= 500 or fault.status in (404, 408, 409))
    if not left_something:
        return fault
    return AnswerLost(
        fault.message,
        mend=_ASK,
        code=fault.code,
        status=fault.status,
        answer=fault.answer,
        retry_after=fault.retry_after,
    )


def explain_break(body: UploadBody, fault: requests.RequestException) -> GatewayError:
    """The error for an upload that brought no answer: before the first byte it is as if it had not been tried."""
    if isinstance(body.fault, GatewayError):
        return body.fault
    if isinstance(body.fault, OSError):
        log.error("message_unreadable", error=type(body.fault).__name__)
        return StorageUnavailable(
            say("The message could not be read while it was sent."),
            mend="The operator of the gateway looks at the disk or store that holds the documents.",
        )
    if not body.begun:
        return unreachable(WHO, fault)
    message = say(
        "{how} after {sent} of {all} bytes were handed to {who}.",
        how=say("The connection broke") if not body.complete else say("No answer came"),
        sent=body.sent,
        all=len(body),
        who=WHO,
    )
    log.info("upload_broke", error=type(fault).__name__, sent=body.sent, all=len(body))
    return AnswerLost(message, mend=_ASK)


def explain_early_success(body: UploadBody) -> AnswerLost:
    """A success that came before every byte was sent is not believed: something in between cut the upload off."""
    message = say("{who} answered success after {sent} of {all} bytes.", who=WHO, sent=body.sent, all=len(body))
    return AnswerLost(message, mend=_ASK)


def unreadable(what: str) -> Unavailable:
    """A success whose body is not what the contract says."""
    mend = "It is tried again by itself. If it lasts, the operator checks the broker's address in the settings."
    return Unavailable(say("{who} {what}.", who=WHO, what=what), mend=mend, code=TURNED_AWAY)
