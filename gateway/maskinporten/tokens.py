"""Tokens: a JWT grant to Maskinporten, signed with the business certificate, and its exchange for an Altinn token.

In comes a scope (and with Altinn a system user), out comes the token as text. Both keep tokens until shortly before
they end; neither shows one in an error, a log or a repr. Called by `registry` and `transports`. Source: references of
the ServiceRegistry §3 and of the transports §2.1.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import uuid4

import requests

from gateway.errors import Outside, TokenRefused, Unavailable
from gateway.keys import KeyRing
from gateway.language import say
from gateway.maskinporten.assertion import Claimant, Grant, SystemUser, sign_assertion, write_claims
from gateway.maskinporten.calls import (
    Timeout,
    calling,
    explain,
    measure_skew,
    open_session,
    read_words,
    succeeded,
    without_dot,
)
from gateway.maskinporten.shelf import Kept, Shelf

LOGIN_UNAVAILABLE = "LOGIN_UNAVAILABLE"

_EXCHANGE = say("Altinn's token exchange")
_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_MARGIN = 10
_WITHOUT_EXPIRY = 90
_LONGEST_KEPT = 3600
_ALTINN_KEPT = 25 * 60
_SKEW_WORTH_TELLING = 10
# OAuth names its errors so (RFC 6749 §5.2); they come first in the words.
_ERROR_NAME = re.compile(r"[a-z_]+(?=:|$)")
_TOKEN_TEXT = re.compile(r"[\x21-\x7e]{8,}")


class Tokens(Protocol):
    """Whoever gives out tokens. `forget` drops one after a 401; with `token`, only if that is still the one kept."""

    def token(self, scope: str, system_user: SystemUser | None = None) -> str:
        """A token that is good now."""
        ...

    def forget(self, scope: str, system_user: SystemUser | None = None, *, token: str | None = None) -> None:
        """Let the next `token` be a new one."""
        ...


def call_with_token(tokens: Tokens, grant: Grant, *, call: Callable[[str], requests.Response]) -> requests.Response:
    """The answer of `call(token)`; after a 401 it is called once more with a new token, and that answer stands."""
    token = tokens.token(grant.scope, grant.system_user)
    answer = call(token)
    if answer.status_code != 401:
        return answer
    answer.close()
    tokens.forget(grant.scope, grant.system_user, token=token)
    return call(tokens.token(grant.scope, grant.system_user))


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True)
class MaskinportenSettings:
    """Where tokens come from and who asks. `audience` is the issuer, with its last slash; times in seconds."""

    token_url: str
    audience: str
    client_id: str
    timeout: Timeout = (5, 30)


def new_uuid() -> str:
    """A random id."""
    return str(uuid4())


class Maskinporten:
    """Maskinporten as one client sees it. Any number of threads may ask."""

    def __init__(
        self,
        settings: MaskinportenSettings,
        ring: KeyRing,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str] = new_uuid,
    ) -> None:
        self._settings = settings
        self._ring = ring
        self._now = now
        self._new_id = new_id
        self._session = open_session()
        self._shelf: Shelf[Grant, str] = Shelf(self._fetch, now=now)

    def token(self, scope: str, system_user: SystemUser | None = None) -> str:
        """A Maskinporten token; `TokenRefused` says what to mend, `Unavailable` that it may come by itself."""
        return self._shelf.take(Grant(scope, system_user))

    def forget(self, scope: str, system_user: SystemUser | None = None, *, token: str | None = None) -> None:
        """Drop the token, because somebody answered 401 to it."""
        self._shelf.drop(Grant(scope, system_user), token)

    def _fetch(self, grant: Grant) -> Kept[str]:
        form = {"grant_type": _GRANT_TYPE, "assertion": self._write_assertion(grant)}
        with calling("Maskinporten", code=LOGIN_UNAVAILABLE):
            answer = self._session.post(
                self._settings.token_url, data=form, timeout=self._settings.timeout, allow_redirects=False
            )
        if not succeeded(answer):
            raise self._refuse(answer, grant)
        return _read_grant(answer)

    def _write_assertion(self, grant: Grant) -> str:
        now = self._now()
        claimant = Claimant(self._settings.client_id, self._settings.audience)
        claims = write_claims(grant, claimant, now=now, new_id=self._new_id())
        return sign_assertion(claims, self._ring.signing(now))

    def _refuse(self, answer: requests.Response, grant: Grant) -> Outside:
        skew = measure_skew(answer, self._now()) or 0.0
        mend = say(
            "The operator of the gateway checks that client {client} exists at Maskinporten, "
            "that it belongs to the organisation of the business certificate, and that it has the scope {scope}."
            "{system_user}{clock}",
            client=self._settings.client_id,
            scope=grant.scope,
            system_user=_mend_system_user(grant.system_user),
            clock=_mend_clock(skew),
        )
        return _refuse_token(answer, "Maskinporten", now=self._now, mend=mend)


def _mend_clock(skew: float) -> str:
    if abs(skew) <= _SKEW_WORTH_TELLING:
        return ""
    return say(" The clock of this machine differs {skew:+.0f} s from Maskinporten's: set it first.", skew=skew)


def _mend_system_user(user: SystemUser | None) -> str:
    if user is None:
        return ""
    return say(
        " System user {name} must exist in Altinn, and {organisation} must have approved it.",
        name=user.name,
        organisation=user.organisation,
    )


def _read_grant(answer: requests.Response) -> Kept[str]:
    try:
        body = answer.json()
        token = _check_token(body["access_token"])
        seconds = float(body.get("expires_in", _WITHOUT_EXPIRY + _MARGIN)) - _MARGIN
    except (ValueError, TypeError, KeyError, AttributeError):
        # Never chained and never quoted: the answer may hold a token.
        raise _unreadable("Maskinporten") from None
    return Kept(token, min(seconds, _LONGEST_KEPT))


def _check_token(text: object) -> str:
    if not isinstance(text, str) or not _TOKEN_TEXT.fullmatch(text):
        raise ValueError("no token")
    return text


def _unreadable(who: str) -> Unavailable:
    return Unavailable(
        say("{who} answered with success, but with no token in it.", who=who),
        mend="The operator of the gateway checks its address in the settings.",
        code=LOGIN_UNAVAILABLE,
    )


def _refuse_token(answer: requests.Response, who: str, *, now: Callable[[], datetime], mend: str) -> Outside:
    fault = explain(answer, who, now=now, mend=mend)
    if isinstance(fault, Unavailable):
        fault.code = LOGIN_UNAVAILABLE
        return fault
    words = read_words(answer)
    reason = _ERROR_NAME.match(words)
    return TokenRefused(
        say("{who} refused a token: {words}.", who=who, words=without_dot(words) or answer.status_code),
        mend=fault.mend,
        code=reason[0] if reason else "REFUSED",
        status=answer.status_code,
        answer=words,
    )


class AltinnTokens:
    """Altinn tokens: each is exchanged for a Maskinporten token and kept for 25 of its 30 minutes."""

    def __init__(
        self, maskinporten: Maskinporten, exchange_url: str, *, now: Callable[[], datetime], timeout: Timeout = (5, 30)
    ) -> None:
        self._maskinporten = maskinporten
        self._url = exchange_url
        self._now = now
        self._timeout = timeout
        self._session = open_session()
        self._shelf: Shelf[Grant, str] = Shelf(self._fetch, now=now)

    def token(self, scope: str, system_user: SystemUser | None = None) -> str:
        """An Altinn token; errors as `Maskinporten.token`."""
        return self._shelf.take(Grant(scope, system_user))

    def forget(self, scope: str, system_user: SystemUser | None = None, *, token: str | None = None) -> None:
        """Drop the Altinn token and the Maskinporten token behind it."""
        if self._shelf.drop(Grant(scope, system_user), token):
            self._maskinporten.forget(scope, system_user)

    def _fetch(self, grant: Grant) -> Kept[str]:
        answer = call_with_token(self._maskinporten, grant, call=self._exchange)
        if not succeeded(answer):
            mend = say(
                "The operator of the gateway checks that Altinn takes the scope {scope}.{system_user}",
                scope=grant.scope,
                system_user=_mend_system_user(grant.system_user),
            )
            raise _refuse_token(answer, _EXCHANGE, now=self._now, mend=mend)
        try:
            # Raw text; some gateways in between quote it as JSON.
            return Kept(_check_token(answer.content.decode("ascii").strip().strip('"')), _ALTINN_KEPT)
        except ValueError:
            raise _unreadable(_EXCHANGE) from None

    def _exchange(self, token: str) -> requests.Response:
        with calling(_EXCHANGE, code=LOGIN_UNAVAILABLE):
            return self._session.get(self._url, headers=bearer(token), timeout=self._timeout, allow_redirects=False)
