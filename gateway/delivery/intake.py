"""The half of the journey that the caller waits for: draft, look, edit, replace, discard, commit.

In come a caller and what it wants, out comes a `View`. Called by the doors. Every change is one transaction; the outside
world is asked before it, never inside it. Contract §3–§5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.arkivmelding.inspection import Inspection, Kit, inspect
from gateway.arkivmelding.parties import find_addressees
from gateway.delivery.answering import fill_choices, fill_submission, find_answered, keep_answered
from gateway.delivery.assessment import Situation, assess, is_confidential
from gateway.delivery.choosing import Course, Registry, choose_routes, course_for, start_choices
from gateway.delivery.committing import Commitment, commit_view
from gateway.delivery.drafting import (
    advise,
    begin_conversation,
    given_beside,
    name_sender,
    options_of,
)
from gateway.delivery.editing import confirm_all, revise
from gateway.delivery.emptied import view_emptied
from gateway.delivery.holding import refuse_past_deadline
from gateway.delivery.preview import Preview, preview_message
from gateway.delivery.submission import Caller, Clock, Edit, IntakeSettings, NewId, Submission, View
from gateway.delivery.taking import inspect_or_refuse, wanted_by, wanted_of
from gateway.errors import Conflict, NotFound, Stale, Unreadable, VersionRequired
from gateway.language import say
from gateway.message.prototype import Choice
from gateway.registry.routing import RoutingSettings
from gateway.storage import conversations, documents, messages
from gateway.storage.blobs import BlobStore
from gateway.storage.conversations import Conversation, ConversationKind, ConversationState
from gateway.storage.engine import Connection, Database

Keep = Callable[[Connection, View], None]
_NOT_DRAFT = {
    ConversationState.COMMITTED: say("the conversation is committed, and only a draft can be changed"),
    ConversationState.FINISHED: say("the conversation is finished, and only a draft can be changed"),
    ConversationState.DISCARDED: say("the conversation is discarded, and only a draft can be changed"),
}
_RETRIES = 3


@dataclass(frozen=True, slots=True)
class Intake:
    """Intake with everything it needs; one for the whole process."""

    database: Database
    blobs: BlobStore
    kit: Kit
    registry: Registry
    routing: RoutingSettings
    settings: IntakeSettings
    now: Clock
    new_id: NewId

    def draft(self, submission: Submission, caller: Caller, *, keep: Keep | None = None) -> View:
        """Read, check, address, ask the registry, and keep it all; `keep` runs in the same transaction."""
        view = self.derive(submission, caller)
        with self.database.writing() as connection:
            choices = [prototype.choice for prototype in view.prototypes]
            conversations.insert(connection, view.conversation, choices=choices)
            for document in view.documents:
                documents.put(connection, document)
            if keep:
                keep(connection, view)
        return view

    def derive(self, submission: Submission, caller: Caller) -> View:
        """Everything that `draft` does, less the keeping."""
        now = self.now()
        options = replace(submission.options, handling=submission.options.handling or caller.handling)
        submission = replace(submission, options=options)
        wanted = wanted_by(options, at=now)
        inspection = inspect_or_refuse(submission.xml, self.kit, today=now.date(), wanted=wanted)
        with self.database.reading() as connection:
            answered = find_answered(connection, submission, caller=caller)
        if answered:
            submission = fill_submission(submission, answered, inspection=inspection)
        sender = name_sender(submission.options, caller)
        owner = (self.new_id(), caller.client_id, sender)
        conversation = begin_conversation(submission, inspection, owner=owner, times=(now, self.settings))
        conversation = keep_answered(conversation, answered) if answered else conversation
        with self.database.reading() as connection:
            inspection = advise(inspection, conversation, connection=connection)
        addressing = find_addressees(
            inspection.facts, sender, requested=submission.recipients, written=inspection.given
        )
        choices = start_choices(addressing.addressees, self.new_id)
        choices = fill_choices(choices, answered, submission=submission) if answered else choices
        refuse_past_deadline(conversation, choices)
        choices = self._route(choices, self._course(conversation, inspection))
        placed = tuple(replace(document, conversation_id=conversation.id) for document in submission.documents)
        return assess(Situation(conversation, inspection, choices, placed, addressing, self.settings))

    def view(self, any_id: str, caller: Caller) -> View:
        """The conversation that this id belongs to, as it stands now."""
        with self.database.reading() as connection:
            conversation_id = conversations.resolve(connection, any_id, client_id=caller.client_id)
            conversation = conversations.find(connection, conversation_id, client_id=None)
            if conversation.kind is ConversationKind.CLASSIC:
                raise Conflict(
                    "this conversation began with an SBD, which says everything, so there is nothing to edit",
                    code="CLASSIC",
                    mend="Discard it, and post another SBD.",
                )
            if conversation.emptied is not None:
                return view_emptied(connection, conversation, kit=self.kit, now=self.now)
            return assess(self._situation(connection, conversation))

    def preview(self, any_id: str, message_id: str, *, caller: Caller) -> Preview:
        """What the recipient of one message will see; Gone where the bytes are deleted."""
        return preview_message(self.view(any_id, caller), message_id, settings=self.settings)

    def edit(self, any_id: str, edit: Edit, *, caller: Caller, if_match: int | None) -> View:
        """Apply one PUT; the registry is asked again only about what changed or failed."""
        before = self.draft_for_change(any_id, caller, if_match=if_match)
        revision = revise(before, edit, now=self.now(), new_id=self.new_id)
        if len(revision.choices) > self.kit.limits.recipients:
            raise Unreadable(
                say("a conversation may have at most {most} recipients", most=self.kit.limits.recipients),
                code="LIMIT",
                mend="Send several arkivmeldinger.",
            )
        conversation = self._revise(before, edit, caller=caller)
        course = self._course(conversation, before.inspection)
        everything = edit.sender is not None or course != self._course(before.conversation, before.inspection)
        choices = revision.choices
        if everything:
            choices = tuple(replace(choice, confirmations=()) for choice in choices)
        asked = [each for each in choices if everything or each.message_id in revision.ask or _failed(each)]
        choices = self._reroute(choices, asked, course=course)
        if edit.changes_times:
            refuse_past_deadline(conversation, choices)
        after = self._save(before, conversation, choices=choices)
        return self._select_ready(after) if edit.select_ready else after

    def replace_arkivmelding(self, any_id: str, xml: bytes, *, caller: Caller, if_match: int | None) -> View:
        """New XML for a draft: derived anew, documents kept by name, confirmations dropped."""
        before = self.draft_for_change(any_id, caller, if_match=if_match)
        old = before.conversation
        submission = Submission(xml, options_of(old), given_beside(old), before.documents)
        fresh = self.derive(submission, caller)
        conversation = replace(fresh.conversation, id=old.id, created=old.created, version=old.version)
        return self._save(before, conversation, choices=tuple(prototype.choice for prototype in fresh.prototypes))

    def discard(self, any_id: str, *, caller: Caller, if_match: int | None) -> None:
        """Take a draft and its bytes away at once."""
        before = self.draft_for_change(any_id, caller, if_match=if_match)
        with self.database.writing() as connection:
            require_version_standing(connection, before.conversation.id, if_match=if_match)
            keys = conversations.discard(connection, before.conversation.id)
        for key in keys:
            self.blobs.delete(key)

    def commit(self, any_id: str, *, caller: Caller, if_match: int | None) -> Commitment:
        """Queue every selected message in one transaction; a second commit gives the same answer."""
        require_version(caller, if_match)
        for attempt in range(_RETRIES):
            view = self.view(any_id, caller)
            if view.conversation.state in (ConversationState.COMMITTED, ConversationState.FINISHED):
                return Commitment(view, repeated=True)
            require_draft(view.conversation, if_match, now=self.now())
            view = self._ask_failed_again(view)
            try:
                commit_view(self.database, view, settings=self.settings, now=self.now())
            except (Stale, Conflict) as fault:
                # Somebody committed it meanwhile, or changed it. A caller who named no version commits what stands now.
                if not was_overtaken(fault, if_match) or attempt == _RETRIES - 1:
                    raise
                continue
            return Commitment(self.view(view.conversation.id, caller), repeated=False)
        raise AssertionError("the loop returns or raises")

    def draft_for_change(self, any_id: str, caller: Caller, *, if_match: int | None) -> View:
        """The view of a draft that may be changed by this caller now."""
        require_version(caller, if_match)
        view = self.view(any_id, caller)
        require_draft(view.conversation, if_match, now=self.now())
        return view

    def _revise(self, before: View, edit: Edit, *, caller: Caller) -> Conversation:
        conversation = before.conversation
        sender = name_sender(replace(options_of(conversation), sender=edit.sender), caller) if edit.sender else None
        confidential = conversation.confidential if edit.confidential is None else edit.confidential
        confirmations = confirm_all(before, edit, now=self.now())
        if confidential != conversation.confidential:
            # Who said yes to lowering it did so once; it has been changed since.
            confirmations = tuple(each for each in confirmations if each.code != "CONFIDENTIALITY_LOWERED")
        revised = replace(
            conversation,
            options=_options_after(conversation, edit),
            sender=sender or conversation.sender,
            process=edit.process or conversation.process,
            confidential=confidential,
            confirmations=confirmations,
        )
        return replace(revised, expires=self._expiry(before, revised))

    def _expiry(self, before: View, revised: Conversation) -> datetime:
        """A draft that becomes confidential has the shorter time from now on, and does not get the longer one back."""
        was, becomes = (is_confidential(each, before.inspection) for each in (before.conversation, revised))
        if was or not becomes:
            return revised.expires
        return min(revised.expires, self.now() + self.settings.confidential_draft_lifetime)

    def _course(self, conversation: Conversation, inspection: Inspection) -> Course:
        secret = is_confidential(conversation, inspection)
        return course_for(
            inspection.facts, confidential=secret, process=conversation.process, rules=self.settings.processes
        )

    def _route(self, choices: Sequence[Choice], course: Course) -> tuple[Choice, ...]:
        return choose_routes(choices, course, registry=self.registry, settings=self.routing)

    def _reroute(self, choices: tuple[Choice, ...], asked: Sequence[Choice], *, course: Course) -> tuple[Choice, ...]:
        """Ask about some of the choices and put the answers in their places."""
        answered = {choice.message_id: choice for choice in self._route(asked, course)} if asked else {}
        return tuple(
            answered.get(choice.message_id, replace(choice, confidential=course.confidential)) for choice in choices
        )

    def _ask_failed_again(self, view: View) -> View:
        choices = tuple(prototype.choice for prototype in view.prototypes)
        failed = [choice for choice in choices if choice.selected and _failed(choice)]
        if not failed:
            return view
        course = self._course(view.conversation, view.inspection)
        return self._save(view, view.conversation, choices=self._reroute(choices, failed, course=course))

    def _select_ready(self, view: View) -> View:
        """Deselect what is not ready; those are listed as not sent."""
        left_out = tuple(each.choice.message_id for each in view.prototypes if not each.ready)
        choices = tuple(replace(each.choice, selected=each.choice.selected and each.ready) for each in view.prototypes)
        return replace(self._save(view, view.conversation, choices=choices), not_sent=left_out)

    def _save(self, before: View, conversation: Conversation, *, choices: tuple[Choice, ...]) -> View:
        """Keep the changes if nobody else has changed the draft since `before`; no change moves no version."""
        standing = tuple(prototype.choice for prototype in before.prototypes)
        if (conversation, choices) == (before.conversation, standing):
            return before
        with self.database.writing() as connection:
            conversations.save(connection, conversation, expected_version=before.conversation.version)
            messages.replace_choices(connection, conversation.id, choices=choices)
            return assess(self._situation(connection, conversations.find(connection, conversation.id, client_id=None)))

    def _situation(self, connection: Connection, conversation: Conversation) -> Situation:
        if conversation.state is ConversationState.DISCARDED:
            raise NotFound("the conversation was discarded", mend="Post the message anew.")
        today, wanted = self.now().date(), wanted_of(conversation)
        inspection = inspect(conversation.arkivmelding, self.kit, today=today, wanted=wanted)
        inspection = advise(inspection, conversation, connection=connection)
        addressing = find_addressees(
            inspection.facts, conversation.sender, requested=given_beside(conversation), written=inspection.given
        )
        return Situation(
            conversation=conversation,
            inspection=inspection,
            choices=tuple(message.choice for message in messages.of_conversation(connection, conversation.id)),
            documents=documents.of_conversation(connection, conversation.id),
            addressing=addressing,
            settings=self.settings,
        )


def was_overtaken(fault: Stale | Conflict, if_match: int | None) -> bool:
    """Whether a commit that was refused is to be looked at again: another commit came first, or a change that may count."""
    return fault.code == "NOT_DRAFT" if isinstance(fault, Conflict) else if_match is None


def require_version(caller: Caller, if_match: int | None) -> None:
    """Raise `VersionRequired` where this client must say which version it changes, and does not."""
    if caller.require_if_match and if_match is None:
        raise VersionRequired(
            "this login must send If-Match with the ETag of the version it has looked at",
            mend="Read the conversation, and send its ETag back in If-Match.",
        )


def require_draft(conversation: Conversation, if_match: int | None, *, now: datetime) -> None:
    """Raise `Conflict` unless it is a draft whose time is not up, `Stale` unless it is the version looked at."""
    if conversation.state is not ConversationState.DRAFT:
        raise Conflict(
            _NOT_DRAFT[conversation.state],
            code="NOT_DRAFT",
            mend="Post a new arkivmelding.",
        )
    if conversation.expires <= now:
        raise Conflict("the draft has expired", code="DRAFT_EXPIRED", mend="Post the message anew.")
    if if_match is not None and if_match != conversation.version:
        raise changed_meanwhile()


def require_version_standing(connection: Connection, conversation_id: str, *, if_match: int | None) -> int:
    """The version of a draft that nobody else changes until this transaction ends; `Stale` unless it is `if_match`."""
    version = conversations.lock_draft(connection, conversation_id)
    if if_match is not None and version != if_match:
        raise changed_meanwhile()
    return version


def _options_after(conversation: Conversation, edit: Edit) -> dict[str, object]:
    """The options with the notBefore that the edit sets or takes away."""
    rest = {name: value for name, value in conversation.options.items() if name != "notBefore"}
    if edit.not_before is not None:
        return {**rest, "notBefore": edit.not_before.isoformat()}
    return rest if edit.at_once else conversation.options


def _failed(choice: Choice) -> bool:
    return any(problem.code == "REGISTRY_FAILED" for problem in choice.problems)


def changed_meanwhile() -> Stale:
    """The refusal of a change to a version that is no longer the newest."""
    return Stale(
        "the conversation was changed after you read it; nothing was done",
        mend="Read it again, look at what changed, and repeat the request with the new ETag.",
    )
