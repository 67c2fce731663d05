"""The classic send: a client that writes the SBD itself, uploads the files, and commits.

In come a caller and its SBD, out comes a `ClassicView`. Called by the doors. Every change is one transaction; the outside
world is asked before it, never inside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.delivery.classic_records import ClassicCommitment, ClassicView, Keep
from gateway.delivery.submission import Caller
from gateway.delivery.uploads import Incoming, Kept, Uploads
from gateway.storage.documents import StoredDocument


@dataclass(frozen=True, slots=True)
class ClassicSettings:
    """`own` is this installation's organisation, `channel` its message channel on DPO (None: it has none)."""

    own: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Classic:
    """The classic send with everything it needs; one for the whole process."""

    uploads: Uploads
    settings: ClassicSettings = ClassicSettings()

    def create(
        self, sbd: Mapping[str, object], caller: Caller, *, complete: bool = True, keep: Keep | None = None
    ) -> ClassicView:
        """Read, fill in, ask the registry, and keep it; `keep` runs in the same transaction.

        RefusedSbd (INVALID_SBD) · NotAllowed · Invalid with CHANNEL_NOT_ENABLED, NO_CHANNEL, NOT_REGISTERED or
        NO_SECURE_CHANNEL, SENDER_REQUIRED, MESSAGE_CHANNEL · Conflict MESSAGE_EXISTS · Unavailable REGISTRY_FAILED.
        """
        raise NotImplementedError

    def view(self, any_id: str, caller: Caller) -> ClassicView:
        """The conversation that this id (its own, the messageId, or the SBD's ConversationId) belongs to; NotFound."""
        raise NotImplementedError

    def add_document(
        self, any_id: str, incoming: Incoming, *, caller: Caller, if_match: int | None = None
    ) -> tuple[StoredDocument, Kept, int]:
        """Keep one file: the row, what became of it, the version.

        The same bytes again: Kept.SAME. Conflict OTHER_BYTES, NAME_TAKEN, RESERVED_NAME, NOT_DRAFT · TooLarge TOO_LARGE (the
        sum is over the channel's limit) · Invalid with the faults of an arkivmelding.xml · Unreadable CUT_OFF.
        """
        raise NotImplementedError

    def documents(self, any_id: str, caller: Caller) -> tuple[StoredDocument, ...]:
        """The files in the order of their uploads."""
        raise NotImplementedError

    def remove_document(self, any_id: str, filename: str, *, caller: Caller, if_match: int | None = None) -> int:
        """Take one file of a draft away; the new version."""
        raise NotImplementedError

    def commit(self, any_id: str, caller: Caller, *, if_match: int | None = None) -> ClassicCommitment:
        """Queue it, in one transaction; a second commit gives the same answer.

        Conflict NOT_READY, whose faults have the rules MISSING_FILE, MISSING_ARKIVMELDING, DOCUMENT_MISSING (value: the
        file name), TOO_LARGE, …; Conflict DEADLINE_PASSED · NOT_DRAFT.
        """
        raise NotImplementedError

    def discard(self, any_id: str, caller: Caller, *, if_match: int | None = None) -> None:
        """Take a draft and its bytes away at once; afterwards its messageId is free again."""
        raise NotImplementedError
