"""Whose certificates count: a chain is judged against roots that the operator has named, and no others.

In comes a chain as a signature carries it (leaf first, the rest in any order) and a moment; nothing comes out unless
it does not hold: then `Untrusted` with a `CertificateFault` as code. Called by `packaging` and `registry`.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID

from gateway.errors import MustAct, SetupFault, Untrusted
from gateway.keys.pairs import CERTIFICATE_ERRORS
from gateway.language import say

_LONGEST_PATH = 8
_MOST_CERTIFICATES = 32
_STRONG_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
# Critical extensions that are evaluated here, or that narrow nothing which is asked of a signature.
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)


class CertificateFault(StrEnum):
    """Why a certificate is not believed; the `code` of `Untrusted`."""

    UNREADABLE_CERTIFICATE = "UNREADABLE_CERTIFICATE"
    UNKNOWN_ROOT = "UNKNOWN_ROOT"
    ISSUER_MISSING = "ISSUER_MISSING"
    CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED"
    CERTIFICATE_NOT_YET_VALID = "CERTIFICATE_NOT_YET_VALID"
    NOT_AN_AUTHORITY = "NOT_AN_AUTHORITY"
    CERTIFICATE_USAGE = "CERTIFICATE_USAGE"


class TrustRoots:
    """The named certificates at which a chain may end. An empty set trusts nobody."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._roots = tuple(certificates)

    def verify(self, chain: Sequence[x509.Certificate], at: datetime) -> None:
        """Check that `chain[0]` leads to a named root and that every link is valid at `at`; else `Untrusted`."""
        if not chain or len(chain) > _MOST_CERTIFICATES:
            message = say("the chain holds {count} certificates", count=len(chain))
            raise _distrust(CertificateFault.UNREADABLE_CERTIFICATE, message)
        first: Untrusted | None = None
        seen: set[x509.Certificate] = set()
        for path in self._find_paths((chain[0],), chain[1:], seen=seen):
            try:
                return _check_path(path, at)
            except Untrusted as fault:
                first = first or fault
        raise first or self._tell_no_way(chain, seen)

    def _tell_no_way(self, chain: Sequence[x509.Certificate], reached: set[x509.Certificate]) -> Untrusted:
        """Why no path was found: an issuer is not at hand, did not sign, or is a root that nobody named."""
        issuers = {certificate.issuer for certificate in reached}
        at_hand = {certificate.subject for certificate in (*chain, *self._roots)}
        if missing := issuers - at_hand:
            return _missing(min(issuer.rfc4514_string() for issuer in missing))
        if forged := issuers & {root.subject for root in self._roots}:
            name = min(issuer.rfc4514_string() for issuer in forged)
            message = say("a certificate names {issuer} as its issuer, whose key did not sign it", issuer=name)
            mend = say("ask the issuer whether it has a new root, and name that only if it says so: this may be forged")
            return _distrust(CertificateFault.UNKNOWN_ROOT, message, mend=mend)
        return _distrust(
            CertificateFault.UNKNOWN_ROOT,
            say(
                "the certificate of {name} leads to no root that is named in the settings; it was issued by {issuer}",
                name=_name(chain[0]),
                issuer=chain[0].issuer.rfc4514_string(),
            ),
        )

    def _find_paths(
        self, path: tuple[x509.Certificate, ...], pool: Sequence[x509.Certificate], *, seen: set[x509.Certificate]
    ) -> Iterator[tuple[x509.Certificate, ...]]:
        """Every way from the path's last certificate to a root. `seen` keeps the work linear in what strangers send."""
        last = path[-1]
        if last in self._roots:
            yield path
            return
        seen.add(last)
        for root in self._roots:
            if _is_signed_by(last, root):
                yield (*path, root)
        for issuer in pool if len(path) < _LONGEST_PATH else ():
            if issuer not in seen and _is_signed_by(last, issuer):
                yield from self._find_paths((*path, issuer), pool, seen=seen)


def load_roots(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file; `SetupFault` where it holds none, or one that cannot be read."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except CERTIFICATE_ERRORS as fault:
        raise SetupFault(
            say("the file of trusted roots holds no certificates that can be read"),
            mend=say("Check [keys] roots in gateway.toml: PEM is what fits."),
        ) from fault


def _is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Name and signature; a SHA-1 or MD5 signature proves nothing about who made it."""
    try:
        certificate.verify_directly_issued_by(issuer)
        return isinstance(certificate.signature_hash_algorithm, _STRONG_HASHES)
    except (*CERTIFICATE_ERRORS, InvalidSignature):
        return False


def _check_path(path: Sequence[x509.Certificate], at: datetime) -> None:
    for depth, certificate in enumerate(path):
        _check_validity(certificate, at)
        try:
            _check_extensions(certificate)
            if depth:
                _check_authority(certificate, depth)
        except CERTIFICATE_ERRORS as fault:
            message = say("an extension of {name} cannot be read", name=_name(certificate))
            raise _distrust(CertificateFault.UNREADABLE_CERTIFICATE, message) from fault


def _check_validity(certificate: x509.Certificate, at: datetime) -> None:
    if at > certificate.not_valid_after_utc:
        raise _distrust(
            CertificateFault.CERTIFICATE_EXPIRED,
            say(
                "the certificate of {name} ran out {moment} UTC",
                name=_name(certificate),
                moment=f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M}",
            ),
        )
    if at < certificate.not_valid_before_utc:
        raise _distrust(
            CertificateFault.CERTIFICATE_NOT_YET_VALID,
            say(
                "the certificate of {name} begins {moment} UTC",
                name=_name(certificate),
                moment=f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M}",
            ),
        )


def _check_extensions(certificate: x509.Certificate) -> None:
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise _distrust(
                CertificateFault.CERTIFICATE_USAGE,
                say(
                    "{name} has a critical extension that is not understood: {extension}",
                    name=_name(certificate),
                    extension=extension.oid.dotted_string,
                ),
            )


def _check_authority(certificate: x509.Certificate, depth: int) -> None:
    """Whether an issuer may issue: RFC 5280 §4.2.1.3 and §4.2.1.9; `depth - 1` authorities stand below it."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise _not_an_authority(certificate, say("it has no basicConstraints")) from None
    if not constraints.ca:
        raise _not_an_authority(certificate, say("its basicConstraints say that it is none"))
    if constraints.path_length is not None and constraints.path_length < depth - 1:
        raise _not_an_authority(certificate, say("its path length is used up"))
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.key_cert_sign:
        raise _not_an_authority(certificate, say("its key usage lacks keyCertSign"))


def _missing(issuer: str) -> Untrusted:
    message = say("the certificate of the issuer {issuer} is neither in the chain nor among the roots", issuer=issuer)
    return _distrust(CertificateFault.ISSUER_MISSING, message)


def _not_an_authority(certificate: x509.Certificate, why: str) -> Untrusted:
    message = say("{name} issued a certificate but is no authority: {why}", name=_name(certificate), why=why)
    return _distrust(CertificateFault.NOT_AN_AUTHORITY, message)


def _distrust(code: CertificateFault, message: str, *, mend: str = "") -> Untrusted:
    must_act = MustAct.OPERATOR if code is CertificateFault.UNKNOWN_ROOT else MustAct.RECIPIENT
    return Untrusted(message, mend=mend or _MENDS[code], code=code, must_act=must_act)


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


_RENEW = say("the organisation that signed must use a valid certificate; on our side, check the clock")
_REISSUE = say("the organisation that signed must get a certificate from a recognised issuer")
_MENDS = {
    CertificateFault.UNREADABLE_CERTIFICATE: _REISSUE,
    CertificateFault.UNKNOWN_ROOT: say("name the issuer's root in the settings if it is to be trusted"),
    CertificateFault.ISSUER_MISSING: say(
        "the organisation that signed must send its issuers along; if that issuer is to be trusted itself, name it as a root"
    ),
    CertificateFault.CERTIFICATE_EXPIRED: _RENEW,
    CertificateFault.CERTIFICATE_NOT_YET_VALID: _RENEW,
    CertificateFault.NOT_AN_AUTHORITY: _REISSUE,
    CertificateFault.CERTIFICATE_USAGE: _REISSUE,
}
