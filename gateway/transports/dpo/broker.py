"""The calls to Altinn 3 Broker, one method each.

In come organisations, ids and bytes, out come ids and overviews; every failure is an `Outside` error with its verdict.
Called by `transport` alone. Source: reference of the transports §2; Altinn's OpenAPI document of Broker v1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import requests

from gateway.errors import Outside, SetupFault
from gateway.language import say
from gateway.maskinporten import Grant, SystemUser, Tokens, bearer, call_with_token
from gateway.maskinporten.calls import Timeout, calling, open_session, succeeded
from gateway.transports.dpo.body import UploadBody
from gateway.transports.dpo.failures import (
    WHO,
    explain_answer,
    explain_break,
    explain_early_success,
    explain_upload,
    unreadable,
)
from gateway.transports.port import Parcel

READ = "altinn:broker.read"
# What waits: one whose download was begun was fetched and never confirmed.
UNCONFIRMED = ("Initialized", "DownloadStarted")
WRITE = "altinn:broker.write"

_JSON = {"Accept": "application/json"}
_MISSHAPEN = (ValueError, TypeError, KeyError, AttributeError)


@dataclass(frozen=True, slots=True)
class DpoSettings:
    """Altinn Broker and who we are there; times in seconds, (connect, read).

    `url` goes up to and includes `/broker/api/v1`; `system_users` gives the name of the Altinn system user for each
    organisation (`0192:…`); `spool` is where arrivals lie while they are opened; without a `message_channel` the
    transfers that are tagged for one are left alone.
    """

    url: str
    spool: Path
    system_users: Mapping[str, str]
    resource: str = "eformidling-dpo-meldingsutveksling"
    message_channel: str | None = None
    timeout: Timeout = (5, 30)
    # While a body goes out the first figure bounds each block of a mebibyte, so it allows for a slow line.
    upload_timeout: Timeout = (60, 300)


@dataclass(frozen=True, slots=True)
class Overview:
    """What the broker says of one transfer; `tag` is the sender's reference, which may name a message channel."""

    reference: str
    status: str
    text: str
    sender: str
    tag: str | None
    created: datetime | None


@dataclass(frozen=True, slots=True)
class _Call:
    """One call: the path after `/filetransfer`, and the scope that it needs."""

    method: str
    path: str
    scope: str = READ
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, object] | None = None
    stream: bool = False


class Broker:
    """The broker as the system users of this installation see it; safe to call from many threads."""

    def __init__(self, settings: DpoSettings, tokens: Tokens, *, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._base = f"{settings.url.rstrip('/')}/filetransfer"
        self._tokens = tokens
        self._now = now
        self._session = open_session()

    def initialise(self, sender: str, form: Mapping[str, object]) -> str:
        """Begin a transfer, return its id. A lost answer is `Unavailable`: without bytes it is never published."""
        answer = self._call(sender, _Call("POST", "/", WRITE, form=form))
        try:
            return str(UUID(answer.json()["fileTransferId"]))
        except _MISSHAPEN:
            raise unreadable(say("gave no id for the new transfer")) from None

    def upload(self, sender: str, reference: str, *, parcel: Parcel) -> None:
        """Send every byte to a transfer that was begun. `AnswerLost`: bytes left, what became of them is unknown."""
        grant = self._grant(sender, WRITE)
        answer = call_with_token(self._tokens, grant, call=lambda token: self._put(token, reference, parcel=parcel))
        if not succeeded(answer):
            raise explain_upload(self._explain(answer, sender))

    def overview(self, organisation: str, reference: str) -> Overview:
        """What the broker says of one transfer; `Rejected` with UNKNOWN_TRANSFER when it knows none."""
        answer = self._call(organisation, _Call("GET", _path(reference)))
        try:
            return _read_overview(answer.json(), reference)
        except _MISSHAPEN:
            raise unreadable(say("gave an overview that cannot be read")) from None

    def published(self, organisation: str, status: str, *, before: datetime | None) -> list[str]:
        """The ids that wait for an organisation in a status: the newest hundred, or of those begun before a moment."""
        query = {"resourceId": self._settings.resource, "status": "Published", "recipientStatus": status}
        if before:
            query["to"] = before.isoformat()
        answer = self._call(organisation, _Call("GET", "", query=query))
        try:
            return [str(UUID(entry)) for entry in answer.json()]
        except _MISSHAPEN:
            raise unreadable(say("gave a list that cannot be read")) from None

    def download(self, organisation: str, reference: str) -> requests.Response:
        """The answer whose body is the transfer, not read yet: the caller closes it."""
        return self._call(organisation, _Call("GET", _path(reference, "/download"), stream=True))

    def confirm(self, organisation: str, reference: str) -> None:
        """Tell the broker that a transfer has been taken over; to say it twice does no harm."""
        self._call(organisation, _Call("POST", _path(reference, "/confirmdownload")))

    def _call(self, organisation: str, call: _Call) -> requests.Response:
        grant = self._grant(organisation, call.scope)
        answer = call_with_token(self._tokens, grant, call=lambda token: self._make(call, token))
        if not succeeded(answer):
            with answer:
                raise self._explain(answer, organisation)
        return answer

    def _make(self, call: _Call, token: str) -> requests.Response:
        # A download is compared with Content-Length, so it must come as it lies there.
        accept = {"Accept-Encoding": "identity"} if call.stream else _JSON
        with calling(WHO):
            return self._session.request(
                call.method,
                self._base + call.path,
                params=call.query,
                json=call.form,
                headers=bearer(token) | accept,
                timeout=self._settings.timeout,
                stream=call.stream,
                allow_redirects=False,
            )

    def _put(self, token: str, reference: str, *, parcel: Parcel) -> requests.Response:
        body = UploadBody(parcel)
        try:
            answer = self._session.post(
                self._base + _path(reference, "/upload"),
                data=body,
                headers=bearer(token) | _JSON | {"Content-Type": "application/octet-stream"},
                timeout=self._settings.upload_timeout,
                allow_redirects=False,
            )
        except requests.RequestException as fault:
            raise explain_break(body, fault) from None
        if succeeded(answer) and not body.complete:
            raise explain_early_success(body)
        return answer

    def _explain(self, answer: requests.Response, organisation: str) -> Outside:
        return explain_answer(answer, organisation, resource=self._settings.resource, now=self._now)

    def _grant(self, organisation: str, scope: str) -> Grant:
        name = self._settings.system_users.get(organisation)
        if name is None:
            raise SetupFault(
                say("No Altinn system user is known for {organisation}.", organisation=organisation),
                mend="The operator of the gateway adds it to the system users in the settings of DPO.",
            )
        return Grant(scope, SystemUser(organisation, name))


def _path(reference: str, rest: str = "") -> str:
    return f"/{quote(reference, safe='')}{rest}"


def _read_overview(body: Mapping[str, object], reference: str) -> Overview:
    status, tag = str(body["fileTransferStatus"]), body.get("sendersFileTransferReference")
    return Overview(
        reference=reference,
        status=status,
        text=str(body.get("fileTransferStatusText") or status),
        sender=str(body.get("sender") or ""),
        tag=tag if isinstance(tag, str) else None,
        created=_read_time(body.get("created")),
    )


def _read_time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
