"""A message carried by a clock that the test moves, so that no test waits for a pause.

In comes a committed message, out comes what its tries did: at the gateway, at the Broker and at the recipient. Used by
the tests of the channel and of the transfers' states.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.app import build_reception, now
from gateway.delivery.carrier import FOLLOW, Carrier
from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.journey import Journey
from gateway.delivery.retry import Backoff, RetrySettings
from gateway.message.processes import Channel
from gateway.storage import attempts, messages, tasks
from gateway.storage.attempts import Attempt
from gateway.storage.messages import ReferenceEntry
from gateway.storage.tasks import ClaimTerms, Standing, Task
from tests.documents import SENDER
from tests.journeys.following import delivery_of, log_of, send, sim, wait_for
from tests.live import Gateway
from tests.secrets import PDF


@dataclass
class Course:
    """One message on its way. `at` is what its clock shows; a try takes no time on it."""

    gateway: Gateway
    id: str
    began: datetime = field(default_factory=now)
    at: datetime = field(default_factory=now)
    transfers_before: int = 0

    @classmethod
    def begin(cls, gateway: Gateway, content: bytes = PDF) -> "Course":
        """A message that was committed this moment, with one document."""
        before = len(sim(gateway, "GET", "transfers"))  # type: ignore[arg-type]
        began = now()
        (message_id,) = send(gateway, content=content)
        return cls(gateway, message_id, began=began, at=now(), transfers_before=before)

    @property
    def waited(self) -> timedelta:
        """How far the clock has been moved."""
        return self.at - self.began

    def step(self) -> None:
        """What is due next is done when it is due."""
        standing = self.standing()
        assert standing is not None, f"nothing more is to be done: {self.log()}"
        self.at = max(self.at, standing.due)
        self._carrier().carry(self._claim(DELIVER))

    def carry_through(self, most: int = 12) -> None:
        """Try after try, until the channel has it or it has failed."""
        for _ in range(most):
            standing = self.standing()
            if standing is None or standing.step == FOLLOW:
                return
            self.step()
        raise AssertionError(f"not decided after {most} tries: {[each.detail for each in self.tries()]}")

    def expire(self) -> None:
        """The deadline comes."""
        with self.gateway.assembly.database.reading() as connection:
            standing = tasks.find(connection, EXPIRE, subject=self.id)
        assert standing is not None
        self.at = max(self.at, standing.due)
        self._carrier().expire(self._claim(EXPIRE))

    def settle(self) -> list[str]:
        """Everything that the channel holds has come, and so have the receipts; the log in the end."""
        if "SENDT" in self.log():
            reception = build_reception(self.gateway.assembly)

            def read() -> bool:
                reception.poll(SENDER)
                return "LEST" in self.log()

            wait_for(read, f"the receipts of {self.id}")
        return self.settle_without_receipts()

    def settle_without_receipts(self) -> list[str]:
        """The same where the recipient says nothing."""
        wait_for(lambda: not self._on_the_way(), "an idle channel")
        return self.log()

    def log(self) -> list[str]:
        """The names of its statuses, oldest first."""
        return log_of(self.gateway, self.id)

    def standing(self) -> Standing | None:
        """How its delivery stands on the schedule."""
        with self.gateway.assembly.database.reading() as connection:
            return tasks.find(connection, DELIVER, subject=self.id)

    def tries(self) -> list[Attempt]:
        """Every try to hand it over, oldest first."""
        with self.gateway.assembly.database.reading() as connection:
            return [each for each in attempts.of_message(connection, self.id) if each.step == DELIVER]

    def references(self) -> tuple[ReferenceEntry, ...]:
        """What the channel has called it."""
        with self.gateway.assembly.database.reading() as connection:
            return messages.references(connection, self.id)

    def reference(self) -> str:
        """What the channel calls it now."""
        reference = self.references()[-1].reference
        assert reference is not None
        return reference

    def force(self, state: str, reference: str | None = None) -> None:
        """Put its transfer into that state."""
        sim(self.gateway, "POST", f"transfers/{reference or self.reference()}", state=state)

    def transfers(self) -> list[str]:
        """The states of the transfers to its recipient since it was committed, oldest first."""
        every = sim(self.gateway, "GET", "transfers")
        mine = every[self.transfers_before :]  # type: ignore[index]
        return [each["fileTransferStatus"] for each in mine if each["sender"] == SENDER]

    def calls(self, operation: str) -> int:
        """How often the Broker was asked that since it was committed."""
        journal = sim(self.gateway, "GET", "journal")
        began = self.began.isoformat()
        return sum(each["operation"] == f"broker/{operation}" and each["at"] >= began for each in journal)  # type: ignore[attr-defined]

    def copies(self) -> int:
        """How often the recipient has it."""
        delivery = delivery_of(self.gateway, self.id)
        return int(delivery["copies"]) if delivery else 0

    def _on_the_way(self) -> bool:
        return bool({"UploadProcessing", "Published"} & set(self.transfers()))

    def _claim(self, kind: str) -> Task:
        terms = ClaimTerms(timedelta(seconds=30), (kind,), 100)
        claimed = tasks.claim(self.gateway.assembly.database, "test", now=self.at, terms=terms)
        return next(task for task in claimed if task.subject == self.id)

    def _carrier(self) -> Carrier:
        assembly = self.gateway.assembly
        journey = Journey(
            database=assembly.database,
            blobs=assembly.blobs,
            registry=assembly.registry,
            routing=assembly.settings.routing,
            ring=assembly.ring,
            transports={Channel.DPO: assembly.dpo},
            now=lambda: self.at,
            new_id=lambda: "00000000-0000-4000-8000-000000000001",
        )
        # The pauses of a real installation, without what is left to chance.
        return Carrier(assembly.database, journey, Backoff(RetrySettings(), lambda: 0.0), lambda: self.at)
