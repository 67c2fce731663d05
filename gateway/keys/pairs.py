"""Our own private keys with their certificates, as operators hand them over.

In comes a PKCS#12 store or a PEM bundle, out come `KeyPair`s, several alive at a time: a renewed certificate signs
while the old key still decrypts. Called by `config` (loading) and by every room that signs or decrypts.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509.oid import NameOID

from gateway.errors import MustAct, SetupFault, Untrusted
from gateway.language import listed, say

# What reading a foreign certificate or its extensions may throw; the last three are no ValueErrors.
CERTIFICATE_ERRORS = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
MINIMUM_BITS = 2048
_LONGEST_CHAIN = 8
_JKS = b"\xfe\xed\xfe\xed"
_PRIVATE_KEY = re.compile(rb"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL)
_ORGANISATION = re.compile(r"(?:NTRNO-)?(\d{9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its certificates: `chain[0]` is its own, the issuers follow as far as they are known."""

    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        """The key's own certificate."""
        return self.chain[0]

    @property
    def organisation(self) -> str | None:
        """The nine digits of the organisation that the certificate names; None where it names none."""
        return organisation_of(self.certificate)


class KeyRing:
    """All our living key pairs: the newest valid one signs, every one may decrypt."""

    def __init__(self, pairs: Iterable[KeyPair]) -> None:
        self._pairs = tuple(pairs)

    @property
    def pairs(self) -> tuple[KeyPair, ...]:
        """Every pair, in the order in which they were handed in."""
        return self._pairs

    def signing(self, now: datetime) -> KeyPair:
        """The newest pair that is valid at `now` and may sign; `SetupFault` says why there is none."""
        able = [pair for pair in self._pairs if may_sign(pair.certificate)]
        valid = [pair for pair in able if _is_valid(pair.certificate, now)]
        if valid:
            return max(valid, key=lambda pair: pair.certificate.not_valid_before_utc)
        raise SetupFault(
            say("no key can sign: {why}", why=_describe_validity(able)),
            mend=say("order a new virksomhetssertifikat and name it beside the old one in the settings"),
        )


def load_key_pairs(data: bytes, password: str | None) -> tuple[KeyPair, ...]:
    """Read every key with its certificates from PKCS#12 or PEM; `SetupFault` says what is wrong with the file."""
    if data.startswith(_JKS):
        raise SetupFault(
            "the key file is a Java keystore (JKS), which is not read",
            mend="convert it: keytool -importkeystore -srckeystore OLD.jks -destkeystore NEW.p12 -deststoretype PKCS12",
        )
    keys, certificates = _read_pem(data, password) if b"-----BEGIN " in data else _read_pkcs12(data, password)
    if not keys:
        raise SetupFault(
            "the key file holds no private key", mend="export the certificate together with its private key"
        )
    return tuple(pair for key in keys for pair in _match(key, certificates))


def read_certificate(pem: str | bytes) -> x509.Certificate:
    """The first certificate of a PEM text; `Untrusted` if it cannot be read."""
    try:
        return x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem)
    except CERTIFICATE_ERRORS as fault:
        raise Untrusted(
            say("the certificate cannot be read: it is no PEM certificate"),
            mend=say("whoever published it must publish it anew"),
            code="UNREADABLE_CERTIFICATE",
            must_act=MustAct.RECIPIENT,
        ) from fault


def organisation_of(certificate: x509.Certificate) -> str | None:
    """The nine digits in the subject's serialNumber, or in its organizationIdentifier (`NTRNO-…`); None without."""
    for oid in (NameOID.SERIAL_NUMBER, NameOID.ORGANIZATION_IDENTIFIER):
        for attribute in certificate.subject.get_attributes_for_oid(oid):
            if isinstance(attribute.value, str) and (match := _ORGANISATION.fullmatch(attribute.value)):
                return match[1]
    return None


def may_sign(certificate: x509.Certificate) -> bool:
    """Whether its key usage, where it states one, covers signatures on documents."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def _read_pem(data: bytes, password: str | None) -> tuple[list[rsa.RSAPrivateKey], list[x509.Certificate]]:
    keys = []
    for match in _PRIVATE_KEY.finditer(data):
        locked = b"ENCRYPTED" in match[0]
        try:
            key = load_pem_private_key(match[0], password.encode() if locked and password else None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
            raise _unopened("PEM") from fault
        keys.append(_check_key(key))
    try:
        return keys, x509.load_pem_x509_certificates(data) if b"BEGIN CERTIFICATE" in data else []
    except CERTIFICATE_ERRORS as fault:
        raise SetupFault(say("a certificate in the key file cannot be read: {reason}", reason=str(fault))) from fault


def _read_pkcs12(data: bytes, password: str | None) -> tuple[list[rsa.RSAPrivateKey], list[x509.Certificate]]:
    try:
        store = pkcs12.load_pkcs12(data, password.encode() if password else None)
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise _unopened("PKCS#12") from fault
    own = [store.cert] if store.cert else []
    certificates = [entry.certificate for entry in (*own, *store.additional_certs)]
    return ([_check_key(store.key)] if store.key else []), certificates


def _unopened(kind: str) -> SetupFault:
    return SetupFault(
        say("the {kind} key file does not open: its password is wrong or missing, or the file is damaged", kind=kind),
        mend="check the path and the password of the key in the settings",
    )


def _check_key(key: object) -> rsa.RSAPrivateKey:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SetupFault("a private key is not RSA", mend="eFormidling needs a virksomhetssertifikat with an RSA key")
    if key.key_size < MINIMUM_BITS:
        raise SetupFault(
            say("an RSA key has {bits} bits; {least} is the least that is safe", bits=key.key_size, least=MINIMUM_BITS)
        )
    return key


def _match(key: rsa.RSAPrivateKey, certificates: Sequence[x509.Certificate]) -> list[KeyPair]:
    """A pair for each certificate of this key: a renewal may keep the key."""
    public = key.public_key()
    own = [certificate for certificate in certificates if certificate.public_key() == public]
    if not own:
        raise SetupFault(
            "a private key has no certificate that belongs to it",
            mend="put the key's own certificate into the same file",
        )
    return [KeyPair(key, _build_chain(certificate, certificates)) for certificate in own]


def _build_chain(leaf: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    chain = [leaf]
    while len(chain) < _LONGEST_CHAIN:
        issuer = next((other for other in others if other not in chain and _is_issued_by(chain[-1], other)), None)
        if issuer is None:
            break
        chain.append(issuer)
    return tuple(chain)


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*CERTIFICATE_ERRORS, InvalidSignature):
        return False
    return True


def _is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _describe_validity(pairs: Sequence[KeyPair]) -> str:
    if not pairs:
        return say("none is for signing")
    return listed((_describe_span(pair.certificate) for pair in pairs), "; ")


def _describe_span(certificate: x509.Certificate) -> str:
    return say(
        "{name} is valid {first} to {last}",
        name=certificate.subject.rfc4514_string(),
        first=f"{certificate.not_valid_before_utc:%Y-%m-%d}",
        last=f"{certificate.not_valid_after_utc:%Y-%m-%d}",
    )
