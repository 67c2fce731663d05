"""Commit: every selected prototype becomes a queued message with its rendering, its first status and its tasks.

In comes a `View` of a draft, out come rows, in one transaction. Called by `delivery.intake`. Nothing is asked of anybody.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.arkivmelding.rendering import render
from gateway.delivery.assessment import files_for, recipe_for
from gateway.delivery.holding import require_time, term_of
from gateway.delivery.lanes import EXPIRE_LANE
from gateway.delivery.submission import IntakeSettings, View
from gateway.errors import Conflict, Fault, Severity
from gateway.language import say
from gateway.message.prototype import Choice, Problem, Prototype, Weight
from gateway.message.status import Direction, Status
from gateway.storage import conversations, messages, statuses, tasks
from gateway.storage.conversations import Conversation, ConversationState
from gateway.storage.engine import Connection, Database
from gateway.storage.messages import Term
from gateway.storage.states import MessageState
from gateway.storage.statuses import StatusEvent
from gateway.storage.tasks import NewTask

DELIVER = "deliver"
EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Commitment:
    """The conversation after commit; `repeated` when it had been committed before."""

    view: View
    repeated: bool


@dataclass(frozen=True, slots=True)
class Queued:
    """What a prototype becomes; `lane` is its channel's."""

    message_id: str
    rendering: bytes
    term: Term
    lane: str


def commit_view(database: Database, view: View, *, settings: IntakeSettings, now: datetime) -> None:
    """Queue the selected messages; `Conflict` while something stands in the way, `Stale` if the draft has moved on."""
    require_ready(view)
    outgoing = [_render(view, each, settings=settings, now=now) for each in view.prototypes if each.choice.selected]
    require_time([queued.term for queued in outgoing], now=now)
    committed = replace(view.conversation, state=ConversationState.COMMITTED, committed=now)
    with database.writing() as connection:
        # The files are written down as they were chosen now; the worker does not choose again.
        messages.replace_choices(connection, committed.id, choices=[_settled(each, view) for each in view.prototypes])
        conversations.save(connection, committed, expected_version=view.conversation.version)
        for prototype in view.prototypes:
            if not prototype.choice.selected:
                messages.set_state(connection, prototype.choice.message_id, state=MessageState.DESELECTED, at=now)
        for queued in outgoing:
            queue(connection, view.conversation, queued=queued, now=now)


def require_ready(view: View) -> None:
    """Raise `Conflict` with every problem that stands in the way."""
    if view.ready:
        return
    faults = [as_fault(problem, "") for problem in view.problems if problem.severity is not Weight.INFO]
    for prototype in view.prototypes:
        if prototype.choice.selected:
            faults += [
                as_fault(problem, f"prototypes/{prototype.choice.message_id}")
                for problem in prototype.problems
                if problem.severity is not Weight.INFO
            ]
    message = say("the conversation is not ready: 1 problem to mend or confirm")
    if len(faults) != 1:
        message = say("the conversation is not ready: {count} problems to mend or confirm", count=len(faults))
    raise Conflict(
        message,
        code="NOT_READY",
        mend='Each entry of `errors` says how; or deselect what is not ready with PUT: {"select": "ready"}.',
        faults=tuple(faults),
    )


def _settled(prototype: Prototype, view: View) -> Choice:
    return replace(prototype.choice, documents=files_for(prototype.choice, view.inspection.facts).filenames)


def _render(view: View, prototype: Prototype, *, settings: IntakeSettings, now: datetime) -> Queued:
    choice = prototype.choice
    files = files_for(choice, view.inspection.facts).filenames
    rendering = render(view.inspection.document, recipe_for(choice, files, settings=settings))
    term = term_of(view.conversation, choice, settings=settings, now=now)
    return Queued(choice.message_id, rendering.xml, term, lane=choice.route.channel.value if choice.route else "")


def queue(connection: Connection, conversation: Conversation, *, queued: Queued, now: datetime) -> None:
    """A message with its first status and its tasks, in one transaction with whatever makes it necessary."""
    message_id = queued.message_id
    messages.queue(connection, message_id, rendering=queued.rendering, term=queued.term)
    statuses.append(
        connection,
        StatusEvent(
            client_id=conversation.client_id,
            message_id=message_id,
            conversation_id=conversation.id,
            direction=Direction.OUTGOING,
            status=Status.OPPRETTET,
            at=now,
        ),
    )
    tasks.add(connection, NewTask(DELIVER, message_id, queued.term.not_before or now, lane=queued.lane))
    tasks.add(connection, NewTask(EXPIRE, message_id, queued.term.deadline, lane=EXPIRE_LANE))


def as_fault(problem: Problem, path: str) -> Fault:
    """A problem as an entry of a refusal."""
    return Fault(
        problem.code,
        Severity.ERROR,
        problem.message,
        problem.mend,
        line=problem.line,
        path=path,
        value=problem.filename,
    )
