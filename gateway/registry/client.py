"""The ServiceRegistry over HTTP: who is this, and which ways can they be reached.

In comes a `Query`, out comes a `LookUp` whose signature was verified; answers are kept for minutes, "not registered"
too. Called by delivery and the doors, many threads at once. Source: reference of the ServiceRegistry §2, §3 and §6.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import requests
import structlog

from gateway.errors import MustAct, Outside, Rejected, TokenRefused, Unavailable, Untrusted
from gateway.language import say
from gateway.maskinporten import LOGIN_UNAVAILABLE, Grant, Kept, Shelf, Tokens, bearer, call_with_token
from gateway.maskinporten.calls import (
    FORBIDDEN,
    NOT_REACHED,
    TURNED_AWAY,
    UNAUTHORISED,
    Timeout,
    calling,
    explain,
    open_session,
    read_words,
)
from gateway.message.identifiers import IdentifierKind, parse_identifier
from gateway.registry.records import LookUp, Query, read_lookup
from gateway.registry.signed import KEYS_ELSEWHERE, KEYS_UNAVAILABLE, KeySource, SigningKeys, open_signed

NOT_REGISTERED = "NOT_REGISTERED"
REFUSED = "REFUSED"

_WHO = say("The ServiceRegistry")
_SIGNED = "application/jose, application/json"
_MEND_LOGIN = "The operator checks the registry's scope in the settings, and that the client at Maskinporten has it."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """Where the registry is and how it is asked; times in seconds. `url` goes up to and includes `/adressetjeneste`.

    `scope` may hold several, separated by spaces. `signed` off takes plain JSON: for test systems only.
    """

    url: str
    signed: bool = True
    jwk_url: str | None = None
    scope: str = "eformidling:dpo"
    cache_seconds: float = 300
    negative_seconds: float = 60
    cache_size: int = 10_000
    parallel: int = 16
    timeout: Timeout = (5, 30)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked at one address: the key of the cache."""

    room: str
    query: Query

    @property
    def path(self) -> str:
        """The path after the base. The registry takes the bare number: a part of an organisation is dropped (§6.1)."""
        path = f"{self.room}/{_read_number(self.query.identifier)}"
        return f"{path}/process/{quote(self.query.process, safe=':')}" if self.query.process else path


@dataclass(frozen=True, slots=True)
class _Missing:
    """A 404 that is kept: the registry's words."""

    words: str


class RegistryClient:
    """The one registry of this installation."""

    def __init__(self, settings: RegistrySettings, tokens: Tokens, *, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._base = settings.url.rstrip("/")
        self._tokens = tokens
        self._now = now
        self._session = open_session(settings.parallel)
        source = KeySource(settings.jwk_url or f"{self._base}/jwk", self._base, settings.timeout)
        self._keys = SigningKeys(source, self._session, now=now)
        self._shelf: Shelf[_Question, LookUp | _Missing] = Shelf(self._fetch, now=now, size=settings.cache_size)
        self._pool = ThreadPoolExecutor(settings.parallel, thread_name_prefix="registry")

    def look_up(self, query: Query) -> LookUp:
        """Who `query` is about and every way to them.

        `Rejected` with code NOT_REGISTERED (404) or REFUSED (400) is the registry's answer; `TokenRefused`, `Untrusted`
        and `Unavailable` say that there was none.
        """
        return self._take(_Question("identifier", query))

    def look_up_all(self, queries: Sequence[Query]) -> dict[Query, LookUp | Outside]:
        """Each query with its answer or its error, in the given order, asked side by side; each is asked once."""
        asked = {query: self._peek(query) or self._submit(query) for query in dict.fromkeys(queries)}
        return {query: found.result() if isinstance(found, Future) else found for query, found in asked.items()}

    def info(self, identifier: str) -> LookUp:
        """Who `identifier` is, without any ways to them; errors as `look_up`."""
        return self._take(_Question("info", Query(identifier)))

    def virksert(self, identifier: str) -> str:
        """The certificate in PEM that the registry holds for an organisation; asked anew each time."""
        return self._get(_Question("virksert", Query(identifier))).decode("ascii", "replace")

    def close(self) -> None:
        """Let the threads and the connections go."""
        self._pool.shutdown(cancel_futures=True)
        self._session.close()

    def _peek(self, query: Query) -> LookUp | Rejected | None:
        answer = self._shelf.peek(_Question("identifier", query))
        return _not_registered(query, answer.words) if isinstance(answer, _Missing) else answer

    def _submit(self, query: Query) -> "Future[LookUp | Outside]":
        # The context carries the message id that the log is bound to.
        return self._pool.submit(copy_context().run, self._answer, query)

    def _answer(self, query: Query) -> LookUp | Outside:
        try:
            return self.look_up(query)
        except Outside as fault:
            return fault

    def _take(self, question: _Question) -> LookUp:
        answer = self._shelf.take(question)
        if isinstance(answer, _Missing):
            # A new error each time: one that is raised twice keeps every frame it went through.
            raise _not_registered(question.query, answer.words)
        return answer

    def _fetch(self, question: _Question) -> Kept[LookUp | _Missing]:
        try:
            payload = self._get(question)
        except Rejected as fault:
            if fault.code != NOT_REGISTERED:
                raise
            return Kept(_Missing(fault.answer), self._settings.negative_seconds)
        return Kept(read_answer(payload, question.query), self._settings.cache_seconds)

    def _get(self, question: _Question) -> bytes:
        answer = self._ask(question)
        if answer.status_code != 200:
            raise self._refuse(answer, question.query)
        return open_signed(answer.content, self._keys) if self._settings.signed else answer.content

    def _ask(self, question: _Question) -> requests.Response:
        """The answer. "Not just now" is asked once more, but not when it names a time, nor after a time limit."""
        try:
            answer = self._ask_once(question)
        except Unavailable as fault:
            if fault.code != NOT_REACHED:
                raise
            log.warning("registry.asked_again", reason=fault.code)
            return self._ask_once(question)
        if answer.status_code >= 500 and "Retry-After" not in answer.headers:
            log.warning("registry.asked_again", reason=TURNED_AWAY, status=answer.status_code)
            return self._ask_once(question)
        return answer

    def _ask_once(self, question: _Question) -> requests.Response:
        return call_with_token(
            self._tokens, Grant(self._settings.scope), call=lambda token: self._call(question, token)
        )

    def _call(self, question: _Question, token: str) -> requests.Response:
        level = question.query.security_level
        with calling(_WHO):
            return self._session.get(
                f"{self._base}/{question.path}",
                params=None if level is None else {"securityLevel": str(level)},
                headers=bearer(token) | {"Accept": _SIGNED if self._settings.signed else "application/json"},
                timeout=self._settings.timeout,
                allow_redirects=False,
            )

    def _refuse(self, answer: requests.Response, query: Query) -> Outside:
        if answer.status_code != 404:
            return _judge(explain(answer, _WHO, now=self._now, mend=_mend(answer.status_code)))
        if answer.content.lstrip().startswith(b"<"):
            mend = "The operator of the gateway checks the registry's address in the settings."
            return Unavailable(say("Something else than the ServiceRegistry answered 404."), mend=mend, status=404)
        return _not_registered(query, read_words(answer))


def closes_all(fault: Outside) -> bool:
    """Whether this failure of one look-up holds for every one: no login, or no signing keys (the door answers 503)."""
    if isinstance(fault, TokenRefused):
        # The registry itself may also refuse: it wants other scopes for persons than for organisations.
        return fault.code not in (UNAUTHORISED, FORBIDDEN)
    return fault.code in (LOGIN_UNAVAILABLE, KEYS_UNAVAILABLE, KEYS_ELSEWHERE)


def read_answer(payload: bytes, query: Query) -> LookUp:
    """The records of a payload, held against the question: a signature says who spoke, not what they were asked."""
    try:
        body = json.loads(payload)
        if not isinstance(body, dict):
            raise ValueError("no object")
    except ValueError:
        raise Unavailable(say("The ServiceRegistry's answer cannot be read: it is no JSON object.")) from None
    lookup = read_lookup(body)
    if _number_in(lookup.entity.identifier) != _read_number(query.identifier):
        raise _other_question(say("another recipient"))
    if query.process and any(record.process != query.process for record in lookup.records):
        raise _other_question(say("another process"))
    return lookup


def _other_question(what: str) -> Untrusted:
    return Untrusted(
        say("The ServiceRegistry's answer is not believed: it speaks of {what} than the one asked for.", what=what),
        mend="The operator of the gateway looks for a proxy that mixes answers up, and asks Digdir.",
        code="WRONG_ANSWER",
    )


def _number_in(identifier: str) -> str:
    return identifier.removeprefix("0192:").partition(":")[0]


def _read_number(identifier: str) -> str:
    try:
        return parse_identifier(identifier).number
    except ValueError as fault:
        message = say("The ServiceRegistry cannot be asked: {reason}.", reason=fault.args[0])
        raise Rejected(message, code=REFUSED, must_act=MustAct.SENDER) from None


def _not_registered(query: Query, words: str) -> Rejected:
    person = parse_identifier(query.identifier).kind is IdentifierKind.PERSON
    who = say("The person") if person else query.identifier
    process = say(" for {process}", process=query.process) if query.process else ""
    answered = f" ({words})" if words else ""
    return Rejected(
        say("{who} is not registered{process}{answered}.", who=who, process=process, answered=answered),
        mend="Whoever sends checks the number; the recipient may be closed down, or not registered for this process.",
        code=NOT_REGISTERED,
        status=404,
        answer=words,
        must_act=MustAct.SENDER,
    )


def _judge(fault: Outside) -> Outside:
    """Who sends has named somebody whom the registry does not take; a redirect is a wrong address in our settings."""
    if isinstance(fault, Rejected) and fault.status is not None and fault.status >= 400:
        fault.must_act = MustAct.SENDER
    return fault


def _mend(status: int) -> str:
    if status in (401, 403):
        return _MEND_LOGIN
    return (
        "Whoever sends looks at the registry's words: this recipient cannot be reached in the way that was asked for."
    )
