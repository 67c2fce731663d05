"""Sending through the door under /api: the classic send, with the reference's statuses from the moment of creation.

In come callers, SBDs and files, out come `ClassicView`s. Called by that door. What was begun in one request and fails is
taken away again, so that the client can repeat it as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from gateway.delivery.classic import Classic
from gateway.delivery.classic_records import ARKIVMELDING_FILE, ClassicCommitment, ClassicView
from gateway.delivery.submission import Caller, Clock
from gateway.delivery.uploads import Incoming
from gateway.errors import Conflict, GatewayError, NotFound
from gateway.language import say
from gateway.message.client_sbd import read_client_sbd
from gateway.message.identifiers import mask_persons
from gateway.message.status import Status
from gateway.storage import attempts, statuses
from gateway.storage.attempts import Act, ActKind
from gateway.storage.engine import Connection
from gateway.storage.nextmove import exchanges, forms
from gateway.storage.statuses import StatusEvent

log = structlog.get_logger(__name__)
_LONGEST_PROGRAM = 100
MESSAGE_EXISTS = "MESSAGE_EXISTS"


@dataclass(frozen=True, slots=True)
class ReferenceSending:
    """Sending with everything it needs."""

    classic: Classic
    now: Clock

    def create(self, sbd: Mapping[str, object], caller: Caller) -> ClassicView:
        """Create a message; it is OPPRETTET at once, as clients of the reference expect. Errors as `Classic.create`."""
        return self.classic.create(sbd, caller, complete=False, keep=self._tell_created)

    def upload(self, message_id: str, incoming: Incoming, *, caller: Caller) -> None:
        """Keep one file of a message that has not been sent; `NotFound` for any other. Errors as `Classic.add_document`."""
        try:
            document, _, _ = self.classic.add_document(message_id, incoming, caller=caller)
        except NotFound as refusal:
            raise _unknown(message_id) from refusal
        except Conflict as refusal:
            if refusal.code == "NOT_DRAFT":
                raise _sent(message_id) from refusal
            raise
        if document.filename == ARKIVMELDING_FILE:
            self._refer(self.classic.view(message_id, caller))

    def send(self, message_id: str, caller: Caller, *, program: str = "") -> ClassicCommitment:
        """Queue a message; a repeat gives the same. Errors as `Classic.commit`; what is too late is LEVETID_UTLOPT.

        `program` is what sends it, by name and version; the message's timeline shows it.
        """
        try:
            done = self.classic.commit(message_id, caller)
            if not done.repeated:
                self._note_program(done.view, program)
            return done
        except NotFound as refusal:
            raise _unknown(message_id) from refusal
        except Conflict as refusal:
            if refusal.code == "DEADLINE_PASSED":
                self._tell(self.classic.view(message_id, caller), Status.LEVETID_UTLOPT, words=refusal.message)
            raise

    def discard(self, message_id: str, caller: Caller) -> None:
        """Take a message that has not been sent away; `NotFound`, `Conflict` otherwise."""
        self.classic.discard(message_id, caller)

    def send_at_once(
        self, sbd: Mapping[str, object], files: Sequence[Incoming], *, caller: Caller, program: str = ""
    ) -> ClassicView:
        """Create, upload and send; where one of them fails, nothing is left.

        What a crash has left of an earlier form with the same id, or a form with it that is still under way, gives way.
        """
        try:
            view = self.classic.create(sbd, caller, complete=False, keep=self._begin_form)
        except Conflict as refusal:
            if refusal.code != MESSAGE_EXISTS or not self._clear_form(sbd, caller):
                raise
            view = self.classic.create(sbd, caller, complete=False, keep=self._begin_form)
        try:
            for incoming in files:
                self.upload(view.message.id, incoming, caller=caller)
            self.send(view.message.id, caller, program=program)
        except GatewayError:
            self._take_back(view, caller)
            raise
        with self.classic.intake.database.writing() as connection:
            forms.end(connection, view.message.id)
        return view

    def _begin_form(self, connection: Connection, view: ClassicView) -> None:
        forms.begin(connection, view.message.id, at=self.now())

    def _clear_form(self, sbd: Mapping[str, object], caller: Caller) -> bool:
        """Take away what is left of a form with this SBD's id; False where there is nothing of the kind."""
        message_id = read_client_sbd(sbd, now=self.now(), complete=False).message_id or ""
        with self.classic.intake.database.reading() as connection:
            if not forms.is_begun(connection, message_id):
                return False
        try:
            self.classic.discard(message_id, caller)
        except (NotFound, Conflict):
            return False  # another client's, or it has been sent after all
        return True

    def _refer(self, view: ClassicView) -> None:
        """The conversation can be asked for by case and journal entry, where the arkivmelding numbers both."""
        facts = view.inspection.facts if view.inspection else None
        if not facts or not facts.saksmappe or not facts.journalpost or not facts.journalpost.number:
            return
        named = f"{facts.saksmappe.system_id}-{facts.journalpost.number}"
        with self.classic.intake.database.writing() as connection:
            exchanges.refer(connection, view.message.id, to=named)

    def _note_program(self, view: ClassicView, program: str) -> None:
        """Who has sent it is worth knowing, and no reason to fail."""
        name = _readable(program)
        if not name:
            return
        message_id = view.message.id
        log.info("sent_by_program", message=message_id, program=name)
        words = say("sent by {program}", program=name)
        with self.classic.intake.database.writing() as connection:
            attempts.record_act(connection, Act(message_id, self.now(), ActKind.SEND, words))

    def _take_back(self, view: ClassicView, caller: Caller) -> None:
        try:
            self.classic.discard(view.message.id, caller)
        except (NotFound, Conflict):
            return  # it has been sent after all

    def _tell_created(self, connection: Connection, view: ClassicView) -> None:
        statuses.append(connection, self._event(view, Status.OPPRETTET))

    def _tell(self, view: ClassicView, status: Status, *, words: str) -> None:
        with self.classic.intake.database.writing() as connection:
            statuses.append(connection, replace(self._event(view, status), description=words))

    def _event(self, view: ClassicView, status: Status) -> StatusEvent:
        message = view.message
        return StatusEvent(message.id, message.conversation_id, message.client_id, status, self.now())


def _readable(program: str) -> str:
    """What a client calls itself, short and plain, and without what has the length of a person's number."""
    plain = "".join(mark for mark in program if mark.isascii() and mark.isprintable())
    return mask_persons(plain[:_LONGEST_PROGRAM].strip())


def _unknown(message_id: str) -> NotFound:
    return NotFound(
        say("there is no message with messageId = {id}", id=message_id),
        mend=say("Check the id, and that this login made it: GET /api/messages/out lists what waits to be sent."),
    )


def _sent(message_id: str) -> NotFound:
    return NotFound(
        say("there is no message with messageId = {id} that waits to be sent", id=message_id),
        mend=say("GET its statuses: it may have been sent."),
    )
