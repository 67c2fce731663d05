"""Encrypts for one recipient: CMS EnvelopedData with RSAES-OAEP (SHA-256, MGF1-SHA-256) and AES-256-CBC, streaming.

In comes a `Sealed` and the recipient's certificate, out comes a `Sealed` of known length whose key is new on each
pass. Called by `parcel` and `delivery`. Sources: RFC 5652 §6, RFC 4055 §4.1; BER with indefinite lengths, as the
reference.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.errors import MustAct
from gateway.language import say
from gateway.packaging.der import (
    CONTEXT_0,
    CONTEXT_1,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    issuer_and_serial,
    write_algorithm,
    write_element,
    write_length,
    write_oid,
)
from gateway.packaging.frames import Framer, Framing
from gateway.packaging.records import Block, PackageFault, Sealed, distrust

PIECE = 1024 * 1024
_AES_BLOCK = 16
_AES_KEY = 32
_INDEFINITE_SEQUENCE, _INDEFINITE_CONTEXT_0 = b"\x30\x80", b"\xa0\x80"
_END_OF_CONTENTS = b"\0\0" * 5
_SHA256 = write_algorithm("2.16.840.1.101.3.4.2.1")
_MGF1_SHA256 = write_algorithm("1.2.840.113549.1.1.8", _SHA256)
_OAEP_SHA256 = write_algorithm(
    "1.2.840.113549.1.1.7",
    write_element(SEQUENCE, write_element(CONTEXT_0, _SHA256), write_element(CONTEXT_1, _MGF1_SHA256)),
)
_VERSION_0 = write_element(INTEGER, b"\x00")
_OPENING = (
    _INDEFINITE_SEQUENCE + write_oid("1.2.840.113549.1.7.3") + _INDEFINITE_CONTEXT_0 + _INDEFINITE_SEQUENCE + _VERSION_0
)
_CONTENT_OPENING = _INDEFINITE_SEQUENCE + write_oid("1.2.840.113549.1.7.1")
_AES_256_CBC = "2.16.840.1.101.3.4.1.42"
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


@dataclass(frozen=True, slots=True)
class _Recipient:
    """What is the same in every envelope for one certificate."""

    key: rsa.RSAPublicKey
    identifier: bytes
    head_length: int

    def write_head(self, content_key: bytes, vector: bytes) -> bytes:
        return _write_head(self.identifier, self.key.encrypt(content_key, _OAEP), vector=vector)


def envelope(plain: Sealed, certificate: x509.Certificate) -> Sealed:
    """`plain` encrypted to the holder of `certificate`; `Untrusted` where its key is not RSA."""
    recipient = _read_recipient(certificate)
    length = recipient.head_length + _frame(plain).length + len(_END_OF_CONTENTS)
    return Sealed(length, lambda: (b"".join(parts) for parts in encrypt_in_parts(plain, certificate)))


def encrypt_in_parts(plain: Sealed, certificate: x509.Certificate) -> Iterator[list[Block]]:
    """The envelope as lists of parts to be joined. A list's parts are overwritten when the next one is asked for."""
    content_key, vector = secrets.token_bytes(_AES_KEY), secrets.token_bytes(_AES_BLOCK)
    encryptor = Cipher(algorithms.AES256(content_key), modes.CBC(vector)).encryptor()
    framer = Framer(_frame(plain))
    parts: list[Block] = [_read_recipient(certificate).write_head(content_key, vector)]
    target = bytearray()
    for block in plain.chunks():
        if len(target) < len(block) + _AES_BLOCK:
            target = bytearray(len(block) + _AES_BLOCK)
        written = encryptor.update_into(block, target)
        framer.cut(memoryview(target)[:written], parts)
        yield parts
        parts = []
    framer.cut(encryptor.update(_pad(plain.length)) + encryptor.finalize(), parts)
    if framer.left:
        raise ValueError(f"{framer.left} bytes less than were foretold")
    parts.append(_END_OF_CONTENTS)
    yield parts


@lru_cache(maxsize=256)
def _read_recipient(certificate: x509.Certificate) -> _Recipient:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise distrust(
            PackageFault.CERTIFICATE_USAGE,
            say("the recipient's certificate has no RSA key, so nothing can be encrypted to it"),
            mend=say("the recipient must publish a virksomhetssertifikat with an RSA key"),
            must_act=MustAct.RECIPIENT,
        )
    identifier = issuer_and_serial(certificate)
    return _Recipient(key, identifier, len(_write_head(identifier, bytes(key.key_size // 8), vector=bytes(_AES_BLOCK))))


def _write_head(identifier: bytes, encrypted_key: bytes, *, vector: bytes) -> bytes:
    wrapped_key = write_element(OCTET_STRING, encrypted_key)
    recipient = write_element(SEQUENCE, _VERSION_0, identifier, _OAEP_SHA256, wrapped_key)
    cipher = write_algorithm(_AES_256_CBC, write_element(OCTET_STRING, vector))
    return b"".join((_OPENING, write_element(SET, recipient), _CONTENT_OPENING, cipher, _INDEFINITE_CONTEXT_0))


def _frame(plain: Sealed) -> Framing:
    return Framing(plain.length + len(_pad(plain.length)), PIECE, _write_piece_header)


def _write_piece_header(size: int, _last: bool) -> bytes:
    return bytes((OCTET_STRING,)) + write_length(size)


def _pad(size: int) -> bytes:
    """PKCS #7: one to sixteen bytes, each saying how many they are."""
    missing = _AES_BLOCK - size % _AES_BLOCK
    return bytes((missing,)) * missing
