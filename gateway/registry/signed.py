"""Signed answers of the ServiceRegistry: a compact JWS comes in, the payload that its signature covers goes out.

The keys are the registry's own JWKS, fetched from the registry's own host, kept for an hour, and fetched once more for
a key id that is not among them. A certificate in the answer's header is never trusted. Called by `registry.client`
alone. Source: reference of the ServiceRegistry §2.2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import RSAKey

from gateway.errors import Unavailable, Untrusted
from gateway.language import say
from gateway.maskinporten import Kept, Shelf
from gateway.maskinporten.calls import Timeout, calling, explain

KEYS_UNAVAILABLE = "KEYS_UNAVAILABLE"
KEYS_ELSEWHERE = "KEYS_ELSEWHERE"

_WHO = say("The ServiceRegistry (signing keys)")
_KEPT = 3600
_LEAST_BITS = 2048
_MEND = (
    "Nothing was believed. The operator of the gateway asks Digdir, and checks the registry's address in the settings."
)

KeysById = Mapping[str, RSAKey]


class _Limits(jws.JWSRegistry):
    """The library's limits are too small for a header with a certificate and for an answer with a dozen of them."""

    max_header_length = 32 * 1024
    max_payload_length = 8 * 1024 * 1024
    max_signature_length = 4 * 1024


_LIMITS = _Limits(algorithms=["RS256"])


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the signing keys are, and the address of the registry that they must share a host with."""

    url: str
    registry_url: str
    timeout: Timeout


class SigningKeys:
    """The registry's signing keys by key id; safe to ask from many threads."""

    def __init__(self, source: KeySource, session: requests.Session, *, now: Callable[[], datetime]) -> None:
        self._source = source
        self._session = session
        self._now = now
        self._shelf: Shelf[str, KeysById] = Shelf(self._download, now=now, size=1)

    def find(self, kid: str) -> RSAKey:
        """The key with this id; `Untrusted` when the registry has none, also not after asking anew."""
        self._check_host()
        keys = self._shelf.take(self._source.url)
        if kid not in keys:
            # Only the set that was looked in is thrown away: of many threads one fetches.
            self._shelf.drop(self._source.url, keys)
            keys = self._shelf.take(self._source.url)
        if kid not in keys:
            raise Untrusted(
                say("The ServiceRegistry's answer is signed with a key that it does not publish."),
                mend=_MEND,
                code="UNKNOWN_KEY",
            )
        return keys[kid]

    def _check_host(self) -> None:
        if _origin(self._source.url) != _origin(self._source.registry_url):
            raise Untrusted(
                say(
                    "The ServiceRegistry's keys would come from another host than its answers: {url}.",
                    url=self._source.url,
                ),
                mend="The operator of the gateway leaves the key address out of the settings, or sets the same host.",
                code=KEYS_ELSEWHERE,
            )

    def _download(self, url: str) -> Kept[KeysById]:
        with calling(_WHO, code=KEYS_UNAVAILABLE):
            answer = self._session.get(url, timeout=self._source.timeout, allow_redirects=False)
        if answer.status_code != 200:
            fault = explain(answer, _WHO, now=self._now)
            raise _unavailable(fault.message, retry_after=fault.retry_after, status=fault.status)
        try:
            keys = {
                kid: key for entry in answer.json()["keys"] if (kid := entry.get("kid")) and (key := read_key(entry))
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _unavailable(say("The ServiceRegistry's signing keys cannot be read.")) from None
        return Kept(keys, _KEPT)


def _unavailable(message: str, *, retry_after: int | None = None, status: int | None = None) -> Unavailable:
    mend = (
        "It is tried again by itself. If it lasts, the operator checks the key address of the registry in the settings."
    )
    return Unavailable(message, mend=mend, code=KEYS_UNAVAILABLE, retry_after=retry_after, status=status)


def read_key(entry: Mapping[str, object]) -> RSAKey | None:
    """One member of a JWKS as a key that may verify RS256, else None."""
    if entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    try:
        key = RSAKey.import_key({name: str(entry[name]) for name in ("kty", "n", "e")})
    except (JoseError, ValueError, KeyError):
        return None
    public = key.public_key
    return key if isinstance(public, RSAPublicKey) and public.key_size >= _LEAST_BITS else None


def open_signed(text: bytes, keys: SigningKeys) -> bytes:
    """The payload of a compact JWS that one of `keys` signed with RS256; `Untrusted` in every other case."""
    try:
        answer = jws.deserialize_compact(
            text.strip(), lambda envelope: keys.find(_read_key_id(envelope.headers())), registry=_LIMITS
        )
    except BadSignatureError:
        raise _distrust(say("its signature does not hold"), "BAD_SIGNATURE") from None
    except UnsupportedAlgorithmError:
        raise _distrust(say("it is signed with another algorithm than RS256"), "WRONG_ALGORITHM") from None
    except (JoseError, ValueError):
        raise _distrust(say("it is not signed, or the signature cannot be read"), "UNSIGNED") from None
    return answer.payload


def _read_key_id(header: Mapping[str, object]) -> str:
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise _distrust(say("it does not say which key signed it"), "NO_KEY_ID")
    return kid


def _distrust(reason: str, code: str) -> Untrusted:
    message = say("The ServiceRegistry's answer is not believed: {reason}.", reason=reason)
    return Untrusted(message, mend=_MEND, code=code)


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
