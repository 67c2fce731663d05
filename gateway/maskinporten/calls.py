"""Calls to the other side over HTTP: the session, and what an exception or an answer means.

In comes an answer of `requests` or the failure of a call, out comes an `Outside` error that shows no token and no
person number. A call is made once: retries belong to the schedule. Called by tokens, `registry` and `transports`.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from math import ceil

import requests
import structlog

from gateway.errors import Outside, Rejected, TokenRefused, Unavailable
from gateway.language import alter, say
from gateway.maskinporten.patience import PatientAdapter

log = structlog.get_logger(__name__)

Timeout = tuple[float, float]

NOT_REACHED = "NOT_REACHED"
TIMED_OUT = "TIMED_OUT"
TURNED_AWAY = "TURNED_AWAY"
UNAUTHORISED = "UNAUTHORISED"
FORBIDDEN = "FORBIDDEN"

_LONGEST_WORDS = 500
_LONGEST_WAIT = 24 * 3600
_MEMBERS = ("error", "error_code", "title", "detail", "error_description", "message")
_PERSON = re.compile(r"(?<!\d)\d{6}[ .\-]?\d{5}(?!\d)")
_TOKEN = re.compile(r"eyJ[\w\-]+(\.[\w\-]*)*")
_PASSING = frozenset({408, 425, 429})

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.ProxyError, say("the proxy could not be used")),
    (
        requests.exceptions.SSLError,
        say("its TLS certificate is not trusted, or the TLS handshake failed"),
    ),
    (requests.exceptions.ConnectTimeout, say("no connection in time")),
    (requests.exceptions.ReadTimeout, say("connected, but no answer in time")),
    (requests.exceptions.ConnectionError, say("no connection, or it broke")),
    (requests.exceptions.ChunkedEncodingError, say("the answer broke off")),
)


def open_session(pool: int = 16) -> requests.Session:
    """A session that many threads may share: `pool` connections kept open, no retries, no cookies, no .netrc."""
    session = requests.Session()
    adapter = PatientAdapter(pool_connections=4, pool_maxsize=pool, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # With no auth of its own a session looks in ~/.netrc, and what it finds there replaces our Authorization header.
    session.auth = _leave_as_is
    session.headers["User-Agent"] = "arkivmelding-gateway"
    logging.getLogger("urllib3.connectionpool").addFilter(_hide_persons)
    return session


def _hide_persons(record: logging.LogRecord) -> bool:
    """urllib3 logs the path of each call at DEBUG, and a look-up's path ends in the number of whom it is about."""
    message = record.getMessage()
    if _PERSON.search(message):
        record.msg, record.args = _PERSON.sub("***********", message), ()
    return True


def _leave_as_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


@contextmanager
def calling(who: str, *, code: str = "") -> Iterator[None]:
    """Within it a call that brings no answer raises `Unavailable`; a `code` replaces NOT_REACHED and TIMED_OUT."""
    try:
        yield
    except requests.RequestException as fault:
        # Never chained: the text of these exceptions holds the URL, and that may hold a person number.
        raise unreachable(who, fault, code=code) from None


def unreachable(who: str, fault: requests.RequestException, *, code: str = "") -> Unavailable:
    """The error for a call that brought no answer."""
    reason = next((text for kind, text in _REASONS if isinstance(fault, kind)), say("the call could not be made"))
    timed_out = isinstance(fault, requests.exceptions.ReadTimeout)
    log.info("call_brought_no_answer", who=who, error=type(fault).__name__)
    return Unavailable(
        say("No answer from {who}: {reason}.", who=who, reason=reason),
        mend="It is tried again. If it lasts, the operator checks the address in the settings, and the network.",
        code=code or (TIMED_OUT if timed_out else NOT_REACHED),
    )


def explain(answer: requests.Response, who: str, *, now: Callable[[], datetime], mend: str = "") -> Outside:
    """The error for an answer that is no success; `mend` is for answers that will not change."""
    status, words = answer.status_code, read_words(answer)
    message = say("{who} answered {status}.", who=who, status=status)
    if words:
        message = say("{who} answered {status}: {words}.", who=who, status=status, words=without_dot(words))
    if status in _PASSING or status >= 500:
        wait = read_retry_after(answer, now())
        return Unavailable(message, code=TURNED_AWAY, status=status, answer=words, retry_after=wait)
    if status in (401, 403):
        code = UNAUTHORISED if status == 401 else FORBIDDEN
        return TokenRefused(message, mend=mend, code=code, status=status, answer=words)
    if 300 <= status < 400:
        mend = "The operator of the gateway checks this address in the settings: it must be the final one."
    return Rejected(message, mend=mend, code="REFUSED", status=status, answer=words)


def succeeded(answer: requests.Response) -> bool:
    """Whether the status is 2xx; a redirect is none, for it is never followed."""
    return 200 <= answer.status_code < 300


def read_words(answer: requests.Response) -> str:
    """The other side's own words in an error answer: one line, 500 characters, person numbers and tokens hidden."""
    try:
        text = answer.content.decode("utf-8", "replace")
    except requests.RequestException:
        return ""
    return say("(an HTML page)") if text.lstrip().startswith("<") else quote_words(_pick_words(text))


def quote_words(text: str) -> str:
    """What somebody outside has said, fit to be kept and shown: one line, 500 characters, person numbers and tokens hidden."""
    return hide_secrets(" ".join(text.split()))[:_LONGEST_WORDS]


def hide_secrets(text: str) -> str:
    """The text without what looks like a person number or a token."""
    return _TOKEN.sub("(token)", _PERSON.sub("***********", text))


def without_dot(words: str) -> str:
    """The words without their full stop, to be put into a sentence."""
    return alter(words, lambda text: text.rstrip("."))


def _pick_words(text: str) -> str:
    """The members that Maskinporten, the ServiceRegistry and ProblemDetails put words in; else the text as it is."""
    try:
        body = json.loads(text)
    except ValueError:
        return text
    if not isinstance(body, dict):
        return text
    words = [str(body[name]) for name in _MEMBERS if body.get(name)]
    if isinstance(body.get("errors"), dict):
        words.append(json.dumps(body["errors"], ensure_ascii=False))
    return ": ".join(dict.fromkeys(words)) or text


def read_retry_after(answer: requests.Response, now: datetime) -> int | None:
    """Seconds that the answer asks us to wait, from seconds or an HTTP date; at most a day."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), _LONGEST_WAIT)
    moment = _read_date(text)
    return max(0, min(ceil((moment - now).total_seconds()), _LONGEST_WAIT)) if moment else None


def measure_skew(answer: requests.Response, now: datetime) -> float | None:
    """Seconds that our clock is ahead of the one that dated the answer."""
    moment = _read_date(answer.headers.get("Date", ""))
    return (now - moment).total_seconds() if moment else None


def _read_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
