"""Detached CAdES signatures: CMS SignedData over the manifest's exact bytes, SHA-256, with signing-certificate-v2.

In come bytes and a `Signing`, out comes the DER of `META-INF/signature-….p7s`; its length depends on the key pair
alone. Called by `asice`. Sources: RFC 5652 §5, RFC 5035 §3 (ESSCertIDv2), RFC 6211 (CMSAlgorithmProtection), EN 319
122-1.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from gateway.packaging.der import (
    CONTEXT_0,
    CONTEXT_1,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    certificate_bytes,
    issuer_and_serial,
    read_content,
    write_algorithm,
    write_element,
    write_oid,
)
from gateway.packaging.records import Signing

_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_DATA = write_oid("1.2.840.113549.1.7.1")
_SIGNED_DATA = write_oid("1.2.840.113549.1.7.2")
_SHA256 = write_algorithm("2.16.840.1.101.3.4.2.1")
_RSA = write_algorithm("1.2.840.113549.1.1.1")
_VERSION_1 = write_element(INTEGER, b"\x01")
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"


def _write_attribute(dotted: str, value: bytes) -> bytes:
    return write_element(SEQUENCE, write_oid(dotted), write_element(SET, value))


_CONTENT_TYPE_IS_DATA = _write_attribute("1.2.840.113549.1.9.3", _DATA)
_ALGORITHM_PROTECTION = _write_attribute(
    "1.2.840.113549.1.9.52",
    write_element(SEQUENCE, _SHA256, write_element(CONTEXT_1, read_content(_RSA))),
)


@dataclass(frozen=True, slots=True)
class _Identity:
    """What every signature of one chain has in common, encoded once."""

    certificates: bytes
    signer: bytes
    fixed_attributes: tuple[bytes, ...]


def sign_detached(content: bytes, signing: Signing) -> bytes:
    """Sign `content` with the pair's key; the whole chain goes along, leaf first."""
    identity = _read_identity(signing.pair.chain)
    attributes = _write_attributes(identity, hashlib.sha256(content).digest(), at=signing.at)
    signature = signing.pair.key.sign(write_element(SET, attributes), padding.PKCS1v15(), hashes.SHA256())
    signer_info = write_element(
        SEQUENCE,
        _VERSION_1,
        identity.signer,
        _SHA256,
        write_element(CONTEXT_0, attributes),
        _RSA,
        write_element(OCTET_STRING, signature),
    )
    signed_data = write_element(
        SEQUENCE,
        _VERSION_1,
        write_element(SET, _SHA256),
        write_element(SEQUENCE, _DATA),
        identity.certificates,
        write_element(SET, signer_info),
    )
    return write_element(SEQUENCE, _SIGNED_DATA, write_element(CONTEXT_0, signed_data))


@lru_cache(maxsize=64)
def _read_identity(chain: tuple[x509.Certificate, ...]) -> _Identity:
    leaf = chain[0]
    leaf_digest = write_element(OCTET_STRING, hashlib.sha256(certificate_bytes(leaf)).digest())
    certificate_ids = write_element(SEQUENCE, write_element(SEQUENCE, leaf_digest))
    return _Identity(
        certificates=write_element(CONTEXT_0, *(certificate_bytes(certificate) for certificate in chain)),
        signer=issuer_and_serial(leaf),
        fixed_attributes=(
            _CONTENT_TYPE_IS_DATA,
            _ALGORITHM_PROTECTION,
            _write_attribute("1.2.840.113549.1.9.16.2.47", write_element(SEQUENCE, certificate_ids)),
        ),
    )


def _write_attributes(identity: _Identity, digest: bytes, *, at: datetime) -> bytes:
    """The signed attributes in DER's order of a SET OF: by their encoding."""
    return b"".join(
        sorted(
            (
                *identity.fixed_attributes,
                _write_attribute(_SIGNING_TIME, _write_time(at)),
                _write_attribute(_MESSAGE_DIGEST, write_element(OCTET_STRING, digest)),
            )
        )
    )


def _write_time(at: datetime) -> bytes:
    """UTCTime until 2049, GeneralizedTime from 2050 (RFC 5652 §11.3)."""
    moment = at.astimezone(UTC)
    digits = "".join(f"{part:02}" for part in moment.timetuple()[:6])  # strftime takes ten times as long
    if moment.year < 2050:
        return write_element(_UTC_TIME, digits[2:].encode() + b"Z")
    return write_element(_GENERALIZED_TIME, digits.encode() + b"Z")
