"""A running gateway, spoken to over HTTP as any fagsystem would.

In come arkivmeldinger, edits and files, out come the answers' JSON; every refusal is a `Refused` with the server's own
words and mends, no answer is `Unavailable`. Called by send, status, retry, cancel and demo.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from gateway.errors import Fault, Outside, Refused, SetupFault, Severity, Unavailable
from gateway.language import Language, say

# What the server has written. It is shown, not trusted.
Json = dict[str, Any]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BLOCK = 1024 * 1024
_TIMEOUT = (5.0, 120.0)  # seconds: to connect, and between two bytes of an answer


class Content(Protocol):
    """Bytes to be uploaded. Their number is known beforehand, so that a cut-off upload is noticed."""

    def __len__(self) -> int:
        """How many."""

    def read(self, size: int = -1) -> bytes:
        """The next block."""


class RemoteGateway:
    """One gateway and one login: `key` is an API key, or NAME:PASSWORD. Remembers the version that was last seen.

    The gateway is asked to speak `language`.
    """

    def __init__(self, url: str, key: str | None = None, *, language: Language = Language.ENGLISH) -> None:
        _require_address(url)
        self.url = url.rstrip("/")
        self.language = language
        self._session = requests.Session()
        self._session.headers["Accept-Language"] = language.value
        self._session.auth = _login(key)
        # What is on this machine is reached without a proxy.
        self._session.trust_env = urlsplit(self.url).hostname not in _LOOPBACK
        self._etags: dict[str, str] = {}

    def post(self, xml: bytes, *, recipients: Iterable[Json] = (), options: Json, dry_run: bool = False) -> Json:
        """Post an arkivmelding; the answer shows its prototypes."""
        parts: dict[str, tuple[str | None, bytes, str]] = {
            "arkivmelding": ("arkivmelding.xml", xml, "application/xml"),
            "options": (None, json.dumps(options).encode(), "application/json"),
            "recipients": (None, json.dumps(list(recipients)).encode(), "application/json"),
        }
        query = {"dryRun": "true"} if dry_run else {}
        return self._remember(self._call("POST", "/out/messages", files=parts, params=query))

    def look(self, conversation_id: str) -> Json:
        """The conversation as it stands now."""
        return self._remember(self._call("GET", f"/out/messages/{quote(conversation_id)}"))

    def edit(self, conversation_id: str, changes: Json) -> Json:
        """Choose, confirm, add recipients."""
        return self._remember(self._change("PUT", conversation_id, json=changes))

    def upload(self, conversation_id: str, filename: str, *, content: Content) -> None:
        """The bytes of one document, streamed; other bytes of that name are replaced."""
        path = f"/documents/{quote(filename, safe='')}"
        self._change("PUT", conversation_id, path=path, data=content, params={"replace": "true"})

    def commit(self, conversation_id: str) -> Json:
        """Send what is selected; refused where it was changed since it was last looked at."""
        return _body(self._change("POST", conversation_id))

    def discard(self, conversation_id: str) -> None:
        """Take a draft away."""
        self._change("DELETE", conversation_id)

    def statuses(self, any_id: str) -> Json:
        """The logs of a conversation's messages, or of one message."""
        return _body(self._call("GET", f"/statuses/{quote(any_id)}"))

    def timeline(self, message_id: str) -> Json:
        """Everything that happened to one message."""
        return _body(self._call("GET", f"{_path_of(message_id)}/timeline"))

    def retry(self, message_id: str, *, actor: str | None = None) -> Json:
        """Try it now, or start it again."""
        return _body(self._call("POST", f"{_path_of(message_id)}/retry", json={"actor": actor} if actor else {}))

    def cancel(self, message_id: str, *, actor: str | None = None) -> None:
        """Take it back before it is handed over."""
        self._call("DELETE", _path_of(message_id), params={"actor": actor} if actor else {})

    def inbox(self, query: Mapping[str, Any]) -> Json:
        """A page of what came in."""
        return _body(self._call("GET", "/in/messages", params=dict(query)))

    def incoming(self, message_id: str) -> Json:
        """One message that came in, with everything that was told of it."""
        return _body(self._call("GET", _incoming(message_id)))

    def lock_incoming(self, message_id: str) -> None:
        """Lock it, where it waits and nobody else has it; what it then may be asked says whether that went well."""
        self._call("GET", "/in/messages/peek", params={"messageId": message_id})

    def acknowledge(self, message_id: str) -> Json:
        """It has been taken over."""
        return _body(self._call("DELETE", "/in/messages/pop", params={"messageId": message_id}))

    def pop(self, message_id: str) -> Iterator[bytes]:
        """Its ASiC-E, whole."""
        return _blocks(self._call("POST", "/in/messages/pop", params={"messageId": message_id}, stream=True))

    def incoming_document(self, message_id: str, filename: str) -> Iterator[bytes]:
        """One of its documents, whole."""
        path = f"{_incoming(message_id)}/documents/{quote(filename, safe='')}"
        return _blocks(self._call("GET", path, stream=True))

    def _change(self, method: str, conversation_id: str, *, path: str = "", **more: Any) -> requests.Response:
        etag = self._etags.get(conversation_id)
        headers = {"If-Match": etag} if etag else {}
        answer = self._call(method, f"/out/messages/{quote(conversation_id)}{path}", headers=headers, **more)
        if "ETag" in answer.headers:
            self._etags[conversation_id] = answer.headers["ETag"]
        return answer

    def _remember(self, answer: requests.Response) -> Json:
        body = _body(answer)
        if "ETag" in answer.headers:
            self._etags[str(body.get("conversationId"))] = answer.headers["ETag"]
        return body

    def _call(self, method: str, path: str, **more: Any) -> requests.Response:
        try:
            answer = self._session.request(method, self.url + path, timeout=_TIMEOUT, allow_redirects=False, **more)
        except requests.RequestException as fault:
            raise Unavailable(
                say("there is no answer from {url} ({reason})", url=self.url, reason=_reason(fault)),
                mend="Is the gateway running there (gateway serve)? Check --url.",
            ) from fault
        if answer.ok and not answer.is_redirect:
            return answer
        raise _refusal(answer)


def _require_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # brackets that do not match
        is_address = False
    if not is_address:
        raise SetupFault(
            say("{url} is no address of a gateway", url=url or "''"),
            mend="Give it as --url http://127.0.0.1:8080, or in GATEWAY_URL.",
        )


def _path_of(message_id: str) -> str:
    """The address of one message: a conversation is found by the id of any of its messages."""
    return f"/out/messages/{quote(message_id)}/messages/{quote(message_id)}"


def _incoming(message_id: str) -> str:
    return f"/in/messages/{quote(message_id, safe='')}"


def _blocks(answer: requests.Response) -> Iterator[bytes]:
    """The bytes of an answer; `Unavailable` where they end before they should."""
    with answer:
        received = 0
        try:
            for block in answer.iter_content(_BLOCK):
                received += len(block)
                yield block
        except requests.RequestException as fault:
            raise _cut_off(received) from fault
        if str(received) != answer.headers.get("Content-Length", str(received)):
            raise _cut_off(received)


def _cut_off(received: int) -> Unavailable:
    return Unavailable(
        say("the answer was cut off after {count} bytes; nothing was kept", count=received),
        mend=say("Try again; the message is still there."),
    )


def _login(key: str | None) -> AuthBase:
    name, colon, password = (key or "").partition(":")
    return HTTPBasicAuth(name, password) if colon else _Bearer(key)


class _Bearer(AuthBase):
    """An API key. It stands here even without a key, so that no key of ~/.netrc is sent."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def _body(answer: requests.Response) -> Json:
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refused(say("{url} does not answer like a gateway", url=answer.url), mend="Check --url.")
    return body


def _refusal(answer: requests.Response) -> Refused | Outside:
    """The server's problem as an error of ours: 503 and other 5xx may pass, the rest is refused."""
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        body = {}
    if not isinstance(body, dict) or "detail" not in body:
        body = {"detail": _no_problem(answer), "mend": say("Check --url.")}
    code = str(body.get("code", ""))
    detail, mend = _text(body["detail"]), _text(body.get("mend", ""))
    if answer.status_code >= 500:
        return Unavailable(detail, mend=mend, code=code, status=answer.status_code)
    faults = tuple(_fault(each) for each in body.get("errors", []))
    offers = {name: bool(value) for name, value in body.items() if name.startswith("acceptedIf")}
    return Refused(detail, mend=mend, code=code, faults=faults, offers=offers)


def _no_problem(answer: requests.Response) -> str:
    return say("{url} answers {status} {name}", url=answer.url, status=answer.status_code, name=answer.reason)


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def _fault(entry: Mapping[str, Any]) -> Fault:
    return Fault(
        str(entry.get("rule", "")),
        Severity(entry.get("severity", "error")),
        str(entry.get("message", "")),
        str(entry.get("mend", "")),
        line=int(entry.get("line") or 0),
        path=str(entry.get("path", "")),
    )


def _reason(fault: requests.RequestException) -> str:
    if isinstance(fault, requests.ConnectTimeout):
        return say("it does not answer the door")
    if isinstance(fault, requests.Timeout):
        return say("it took too long")
    if isinstance(fault, requests.ConnectionError):
        return say("nobody listens there, or the connection broke")
    return str(fault)


def fetch(url: str) -> Any:
    """Some JSON of this machine's sandbox."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(url, timeout=_TIMEOUT)
    answer.raise_for_status()
    return answer.json()
