"""The port of DPO: hand a sealed message over to Altinn 3 Broker once, ask what became of it, take in what has come.

In come consignments and references, out come references, findings and arrivals. Called by `delivery` through
`transports.port`. Source: reference of the transports §2.2-2.5.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile, _TemporaryFileWrapper
from uuid import uuid4

import requests
import structlog

from gateway.errors import MustAct, Outside, Rejected, StorageUnavailable, Unavailable
from gateway.language import say
from gateway.maskinporten import Kept, Shelf, Tokens
from gateway.maskinporten.calls import NOT_REACHED, calling, quote_words
from gateway.transports.dpo.body import BLOCK
from gateway.transports.dpo.broker import UNCONFIRMED, Broker, DpoSettings, Overview
from gateway.transports.dpo.failures import UNKNOWN_TRANSFER, WHO
from gateway.transports.port import Arrival, Consignment, Finding, Found

log = structlog.get_logger()

_FILE_NAME = "sbd.zip"
# The broker lists at most a hundred, the newest; what lies unconfirmed must not hide what came before it.
_PAGE = 100
_MOST_PAGES = 10
_FAILURES_IN_A_ROW = 3
_OVERVIEW_KEPT = 3600
# Anything that fits is taken for the name of a message channel, the empty text too; a UUID never fits.
_CHANNEL = re.compile(r"[a-zA-Z0-9\-_]{0,25}", re.ASCII)
_LATEST = datetime.max.replace(tzinfo=UTC)

_FOUND = {
    "Initialized": Found.EMPTY,
    "UploadStarted": Found.BUSY,
    "UploadProcessing": Found.ARRIVED,
    "Published": Found.PUBLISHED,
    "AllConfirmedDownloaded": Found.PUBLISHED,
    "Purged": Found.PUBLISHED,
    "Failed": Found.GONE,
    "Cancelled": Found.GONE,
}


class DpoTransport:
    """`transports.port.Transport` over Altinn 3 Broker; safe to use from many threads."""

    def __init__(
        self,
        settings: DpoSettings,
        tokens: Tokens,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._settings = settings
        self._new_id = new_id
        self._broker = Broker(settings, tokens, now=now)
        # Who sent a transfer, when and under which tag never changes: each is asked for once, not at every poll.
        self._overviews: Shelf[tuple[str, str], Overview] = Shelf(self._fetch_overview, now=now, size=5000)

    def send(self, consignment: Consignment, *, reference: str | None, remember: Callable[[str], None]) -> str:
        """Hand over; without a `reference` a transfer is begun, and remembered before a byte goes out."""
        if reference is None:
            reference = self._broker.initialise(consignment.sender, self._write_form(consignment))
            remember(reference)
        self._broker.upload(consignment.sender, reference, parcel=consignment.parcel)
        return reference

    def find(self, sender: str, reference: str) -> Finding:
        """What became of the transfer that `sender` began, with the broker's own words."""
        try:
            overview = self._broker.overview(sender, reference)
        except Rejected as fault:
            if fault.code != UNKNOWN_TRANSFER:
                raise
            return Finding(Found.GONE, fault.message)
        return _judge(overview)

    def waiting(self, organisation: str) -> tuple[Arrival, ...]:
        """What waits for `organisation` on our message channel, oldest first, undated last.

        A transfer whose overview fails is left for the next time and does not hold up the others.
        """
        overviews = [overview for overview in self._list(organisation) if self._is_ours(overview.tag)]
        overviews.sort(key=lambda overview: overview.created or _LATEST)
        return tuple(Arrival(overview.reference, overview.sender, overview.created) for overview in overviews)

    @contextmanager
    def fetch(self, organisation: str, reference: str) -> Iterator[Path]:
        """The bytes of one arrival as a file in the spool folder, whole, gone when the context ends."""
        with self._open_spool() as spooled:
            path = Path(spooled.name)
        try:
            self._download(organisation, reference, path=path)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def confirm(self, organisation: str, reference: str) -> None:
        """Tell the broker that the arrival is ours now: it is not listed again."""
        self._broker.confirm(organisation, reference)
        self._overviews.drop((organisation, reference))

    def _write_form(self, consignment: Consignment) -> dict[str, object]:
        return {
            "fileName": _FILE_NAME,
            "resourceId": self._settings.resource,
            "sendersFileTransferReference": self._tag(consignment.message_channel),
            "sender": consignment.sender,
            "recipients": [consignment.recipient],
            "propertyList": {},
        }

    def _tag(self, channel: str | None) -> str:
        """The name of the channel whose owner shall find it; a UUID, which no channel is called, for everything else."""
        if channel and channel != self._settings.message_channel and _CHANNEL.fullmatch(channel):
            return channel
        return self._new_id()

    def _is_ours(self, tag: str | None) -> bool:
        if self._settings.message_channel:
            return tag == self._settings.message_channel
        return tag is None or not _CHANNEL.fullmatch(tag)

    def _list(self, organisation: str) -> list[Overview]:
        """Every transfer that waits. Each status is leafed through alone: its pages say nothing of the other's."""
        seen: set[str] = set()
        return [found for status in UNCONFIRMED for found in self._leaf_through(organisation, status, seen=seen)]

    def _leaf_through(self, organisation: str, status: str, *, seen: set[str]) -> list[Overview]:
        """Page by page, for as long as a page is full and brings something new."""
        overviews: list[Overview] = []
        before: datetime | None = None
        for _ in range(_MOST_PAGES):
            page = self._broker.published(organisation, status, before=before)
            found = self._read_overviews(organisation, [reference for reference in page if reference not in seen])
            overviews += found
            seen.update(page)
            moments = [overview.created for overview in found if overview.created]
            if len(page) < _PAGE or not moments:
                break
            # A second more, so that none is lost that was begun in the same moment.
            before = min(moments) + timedelta(seconds=1)
        return overviews

    def _read_overviews(self, organisation: str, references: list[str]) -> list[Overview]:
        overviews = []
        failures = 0
        for reference in references:
            try:
                overviews.append(self._overviews.take((organisation, reference)))
                failures = 0
            except Outside as fault:
                failures += 1
                log.warning("dpo.overview_failed", transfer=reference, reason=fault.code, status=fault.status)
            # The broker is down: each further one would wait for the time limit too.
            if failures == _FAILURES_IN_A_ROW:
                break
        return overviews

    def _fetch_overview(self, key: tuple[str, str]) -> Kept[Overview]:
        return Kept(self._broker.overview(*key), _OVERVIEW_KEPT)

    def _open_spool(self) -> "_TemporaryFileWrapper[bytes]":
        try:
            return NamedTemporaryFile(dir=self._settings.spool, prefix="dpo-", suffix=".zip", delete=False)
        except OSError as fault:
            raise _spool_fault(fault) from fault

    def _download(self, organisation: str, reference: str, *, path: Path) -> None:
        with self._broker.download(organisation, reference) as answer:
            try:
                with path.open("wb") as file, calling(WHO):
                    received = sum(file.write(block) for block in answer.iter_content(BLOCK))
            except OSError as fault:
                raise _spool_fault(fault) from fault
            _check_whole(answer, received)


def _judge(overview: Overview) -> Finding:
    state = _FOUND.get(overview.status)
    if state is None:
        raise Unavailable(
            say(
                "{who} says of the transfer: {status}, which this version does not know.",
                who=WHO,
                status=overview.status,
            ),
            mend="Nothing is sent again. If it lasts, the operator looks for a newer version of the gateway.",
            must_act=MustAct.OPERATOR,
        )
    return Finding(state, quote_words(overview.text))


def _check_whole(answer: requests.Response, received: int) -> None:
    """Servers end a cut-off answer as if it were whole: what came is compared with what was announced."""
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) != received and "Content-Encoding" not in answer.headers:
        message = say(
            "{who} sent {received} of {announced} bytes; the arrival is fetched again.",
            who=WHO,
            received=received,
            announced=announced,
        )
        raise Unavailable(message, code=NOT_REACHED)


def _spool_fault(fault: OSError) -> StorageUnavailable:
    return StorageUnavailable(
        say("An arrival could not be written to the spool folder: {error}.", error=type(fault).__name__),
        mend="The operator of the gateway looks at the spool folder in the settings and the space on its disk.",
    )
