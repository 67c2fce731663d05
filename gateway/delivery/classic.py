"""The classic send: a client that writes the SBD itself, uploads the files, and commits.

In come a caller and its SBD, out comes a `ClassicView`. Called by the doors. Every change is one transaction; the outside
world is asked before it, never inside it. Source: reference of the NextMove API §2.2–§2.4 and §6.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from gateway.arkivmelding.filenames import normal
from gateway.arkivmelding.inspection import Inspection, inspect
from gateway.delivery.classic_creating import Creating
from gateway.delivery.classic_problems import deadline_passed, in_sending_order, problems_of
from gateway.delivery.classic_records import ARKIVMELDING_FILE, ClassicCommitment, ClassicSettings, ClassicView, Keep
from gateway.delivery.committing import Queued, as_fault, queue
from gateway.delivery.holding import require_time, term_of
from gateway.delivery.intake import Intake, require_draft, require_version, require_version_standing, was_overtaken
from gateway.delivery.preview import Preview, preview_classic
from gateway.delivery.submission import Caller
from gateway.delivery.taking import inspect_or_refuse, wanted_of
from gateway.delivery.uploads import Incoming, Kept, Uploads, check_filename, too_large, too_many
from gateway.errors import Conflict, NotFound, Stale
from gateway.language import say
from gateway.message.prototype import Weight
from gateway.storage import classic, conversations, documents, inbox, messages
from gateway.storage.classic import Description, Posted
from gateway.storage.conversations import ConversationKind, ConversationState
from gateway.storage.documents import StoredDocument
from gateway.storage.engine import Connection

_RETRIES = 3
_NOTHING_SAID = Description()


@dataclass(frozen=True, slots=True)
class Classic:
    """The classic send with everything it needs; one for the whole process."""

    intake: Intake
    uploads: Uploads
    settings: ClassicSettings

    def create(
        self, sbd: Mapping[str, object], caller: Caller, *, complete: bool = True, keep: Keep | None = None
    ) -> ClassicView:
        """Read, fill in, ask the registry, and keep it; `keep` runs in the same transaction.

        RefusedSbd (INVALID_SBD) · NotAllowed · Invalid with CHANNEL_NOT_ENABLED, NO_CHANNEL, NOT_REGISTERED,
        NO_SECURE_CHANNEL, SENDER_REQUIRED or MESSAGE_CHANNEL · Conflict MESSAGE_EXISTS · Unavailable REGISTRY_FAILED.
        """
        view = self.derive(sbd, caller, complete=complete)
        with self.intake.database.writing() as connection:
            classic.insert(connection, view.conversation, posted=Posted(view.message.choice, view.sbd))
            if keep:
                keep(connection, view)
        return view

    def derive(self, sbd: Mapping[str, object], caller: Caller, *, complete: bool = True) -> ClassicView:
        """Everything that `create` does, less the keeping."""
        room = self.intake
        creating = Creating(
            registry=room.registry,
            routing=room.routing,
            intake=room.settings,
            settings=self.settings,
            channel_of=self._channel_of,
            now=room.now(),
            new_id=room.new_id,
        )
        return self._judge(creating.derive(sbd, caller, complete=complete))

    def view(self, any_id: str, caller: Caller) -> ClassicView:
        """The conversation that this id (its own, the messageId, or the SBD's ConversationId) belongs to; NotFound."""
        view = self._load(any_id, caller)
        if view.conversation.emptied is not None:
            return view
        return self._judge(replace(view, inspection=self._look(view)))

    def documents(self, any_id: str, caller: Caller) -> tuple[StoredDocument, ...]:
        """The files in the order of their uploads."""
        return self._load(any_id, caller).documents

    def add_document(
        self, any_id: str, incoming: Incoming, *, caller: Caller, if_match: int | None = None
    ) -> tuple[StoredDocument, Kept, int]:
        """Keep one file: the row, what became of it, the version. An arkivmelding.xml is looked through first.

        The same bytes again: Kept.SAME. Conflict OTHER_BYTES, NAME_TAKEN, RESERVED_NAME, NOT_DRAFT · TooLarge TOO_LARGE (the
        sum is over the channel's limit) · Invalid with the faults of an arkivmelding.xml · Unreadable CUT_OFF.
        """
        require_version(caller, if_match)
        name = check_filename(incoming.filename, allowed=ARKIVMELDING_FILE)
        view = self._load(any_id, caller)
        require_draft(view.conversation, if_match, now=self.intake.now())
        room = self._room_for(view, name)
        document = self.uploads.write(replace(incoming, filename=name), limit=room)
        document = replace(document, conversation_id=view.conversation.id)
        said = self._said_by(document, view) if name == ARKIVMELDING_FILE else None

        def also(connection: Connection, standing: tuple[StoredDocument, ...]) -> None:
            others = sum(each.size for each in standing if each.filename != name)
            if others + document.size > self._limit(view):
                raise too_large(name, document.size, limit=self._limit(view) - others)
            if said is not None:
                classic.describe(connection, document.conversation_id, said=said)

        return self.uploads.keep(document, replaces=incoming.replaces, if_match=if_match, also=also)

    def remove_document(self, any_id: str, filename: str, *, caller: Caller, if_match: int | None = None) -> int:
        """Take one file of a draft away; the new version."""
        require_version(caller, if_match)
        view = self._load(any_id, caller)
        require_draft(view.conversation, if_match, now=self.intake.now())
        conversation_id, name = view.conversation.id, normal(filename)
        with self.intake.database.writing() as connection:
            require_version_standing(connection, conversation_id, if_match=if_match)
            key = documents.remove(connection, conversation_id, filename=name)
            if key is None:
                message = say("the conversation has no document {filename}", filename=filename)
                raise NotFound(message, mend="See its `documents`.")
            if name == ARKIVMELDING_FILE:
                classic.describe(connection, conversation_id, said=_NOTHING_SAID)
            version = conversations.touch(connection, conversation_id)
        self.intake.blobs.delete(key)
        return version

    def preview(self, any_id: str, caller: Caller) -> Preview:
        """What its recipient will see; Gone where its bytes are deleted."""
        view = self.view(any_id, caller)
        posted = next((each for each in view.documents if each.filename == ARKIVMELDING_FILE), None)
        return preview_classic(view, self._read(posted) if posted else None)

    def commit(self, any_id: str, caller: Caller, *, if_match: int | None = None) -> ClassicCommitment:
        """Queue it, in one transaction; a second commit gives the same answer.

        Conflict NOT_READY, whose faults have the rules MISSING_FILE, MISSING_ARKIVMELDING, DOCUMENT_MISSING (value: the
        file name), MAIN_DOCUMENT_MISSING, TOO_LARGE · Conflict DEADLINE_PASSED, NOT_DRAFT, DRAFT_EXPIRED · Stale.
        """
        require_version(caller, if_match)
        for attempt in range(_RETRIES):
            view = self.view(any_id, caller)
            if view.conversation.state in (ConversationState.COMMITTED, ConversationState.FINISHED):
                return ClassicCommitment(view, repeated=True)
            require_draft(view.conversation, if_match, now=self.intake.now())
            _require_ready(view)
            try:
                self._queue(view)
            except (Stale, Conflict) as fault:
                # Somebody committed it meanwhile, or changed it. A caller who named no version commits what stands now.
                if not was_overtaken(fault, if_match) or attempt == _RETRIES - 1:
                    raise
                continue
            return ClassicCommitment(self.view(view.conversation.id, caller), repeated=False)
        raise AssertionError("the loop returns or raises")

    def discard(self, any_id: str, caller: Caller, *, if_match: int | None = None) -> None:
        """Take a draft and its bytes away at once; afterwards its messageId is free again."""
        require_version(caller, if_match)
        view = self._load(any_id, caller)
        require_draft(view.conversation, if_match, now=self.intake.now())
        with self.intake.database.writing() as connection:
            require_version_standing(connection, view.conversation.id, if_match=if_match)
            keys = conversations.discard(connection, view.conversation.id)
        for key in keys:
            self.intake.blobs.delete(key)

    def _channel_of(self, message_id: str, organisations: Sequence[str]) -> str | None:
        with self.intake.database.reading() as connection:
            found = inbox.find(connection, message_id)
        return found.message_channel if found and found.organisation in organisations else None

    def _load(self, any_id: str, caller: Caller) -> ClassicView:
        """What the rows say, nothing judged."""
        with self.intake.database.reading() as connection:
            conversation_id = conversations.resolve(connection, any_id, client_id=caller.client_id)
            conversation = conversations.find(connection, conversation_id, client_id=None)
            held = messages.of_conversation(connection, conversation_id)
            sbd = classic.read_sbd(connection, conversation_id)
            files = documents.of_conversation(connection, conversation_id)
        if conversation.kind is not ConversationKind.CLASSIC or not held:
            raise NotFound("there is no such message", mend="check the id, and that the login is the one that made it")
        return ClassicView(conversation, held[0], sbd or {}, tuple(sorted(files, key=lambda each: each.position)))

    def _judge(self, view: ClassicView) -> ClassicView:
        problems = problems_of(view, settings=self.intake.settings, now=self.intake.now())
        ready = all(problem.severity is Weight.INFO for problem in problems)
        return replace(view, problems=problems, ready=ready, size_limit=self._limit(view))

    def _look(self, view: ClassicView) -> Inspection | None:
        """What the arkivmelding.xml among the files says."""
        document = next((each for each in view.documents if each.filename == ARKIVMELDING_FILE), None)
        if document is None:
            return None
        today, wanted = self.intake.now().date(), wanted_of(view.conversation)
        return inspect(self._read(document), self.intake.kit, today=today, wanted=wanted)

    def _said_by(self, document: StoredDocument, view: ClassicView) -> Description:
        """Look through an arkivmelding.xml that has just come; its bytes go where it is refused."""
        today, wanted = self.intake.now().date(), wanted_of(view.conversation)
        try:
            found = inspect_or_refuse(self._read(document), self.intake.kit, today=today, wanted=wanted)
        except BaseException:
            self.uploads.drop([document])
            raise
        return Description(found.facts.melding_id, found.facts.public_title or None, found.shielding.outcome.value)

    def _read(self, document: StoredDocument) -> bytes:
        with closing(self.intake.blobs.open(document.key)) as source:
            return source.read()

    def _room_for(self, view: ClassicView, name: str) -> int:
        """The most bytes that a file of this name may have."""
        others = [each for each in view.documents if each.filename != name]
        most = self.intake.kit.limits.documents
        if len(others) >= most:
            raise too_many(most)
        room = min(self.intake.settings.maximum_upload, self._limit(view) - sum(each.size for each in others))
        return min(room, self.intake.kit.limits.bytes) if name == ARKIVMELDING_FILE else room

    def _limit(self, view: ClassicView) -> int:
        """What the channel takes in all."""
        route, settings = view.message.choice.route, self.intake.settings
        limit = settings.size_limits.get(route.channel) if route else None
        return settings.maximum_upload if limit is None else limit

    def _queue(self, view: ClassicView) -> None:
        now, conversation = self.intake.now(), view.conversation
        files = tuple(each.filename for each in in_sending_order(view))
        choice = replace(view.message.choice, documents=files)
        term = term_of(conversation, choice, settings=self.intake.settings, now=now)
        require_time([term], now=now)
        committed = replace(conversation, state=ConversationState.COMMITTED, committed=now)
        queued = Queued(choice.message_id, b"", term, lane=view.message.channel or "")
        with self.intake.database.writing() as connection:
            messages.replace_choices(connection, conversation.id, choices=[choice])
            conversations.save(connection, committed, expected_version=conversation.version)
            queue(connection, conversation, queued=queued, now=now)


def _require_ready(view: ClassicView) -> None:
    """Raise `Conflict` with every problem that stands in the way."""
    late = deadline_passed()
    blocking = [problem for problem in view.problems if problem.severity is not Weight.INFO]
    if any(problem.code == late.code for problem in blocking):
        raise Conflict(late.message, code=late.code, mend=late.mend)
    if blocking:
        message = say("the message is not ready: 1 problem to mend")
        if len(blocking) > 1:
            message = say("the message is not ready: {count} problems to mend", count=len(blocking))
        faults = tuple(as_fault(problem, "") for problem in blocking)
        raise Conflict(message, code="NOT_READY", mend=say("Each entry of `errors` says how."), faults=faults)
