"""CMS envelopes for tests, in the forms that other programs choose: the gateway itself writes only one of them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.keys import KeyPair
from gateway.packaging.der import issuer_and_serial, write_algorithm, write_element, write_oid

SEQUENCE, SET, OCTETS, INTEGER = 0x30, 0x31, 0x04, 0x02
PKCS1 = (write_algorithm("1.2.840.113549.1.1.1"), padding.PKCS1v15())
OAEP_DEFAULT = (
    write_algorithm("1.2.840.113549.1.1.7", write_element(SEQUENCE)),
    padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),
)

Wrap = Callable[..., bytes]


def definite(tag: int, *contents: bytes) -> bytes:
    """An element with its length in front."""
    return write_element(tag, *contents)


def indefinite(tag: int, *contents: bytes) -> bytes:
    """A constructed element with its end marked."""
    return bytes((tag, 0x80)) + b"".join(contents) + b"\0\0"


def in_pieces(size: int) -> Callable[[bytes, Wrap], bytes]:
    """Encrypted content in OCTET STRINGs of `size`, with an empty one among them."""

    def write(octets: bytes, wrap: Wrap) -> bytes:
        pieces = [definite(OCTETS, octets[start : start + size]) for start in range(0, len(octets), size)]
        return wrap(0xA0, *pieces[:1], definite(OCTETS), *pieces[1:])

    return write


def nested(octets: bytes, wrap: Wrap) -> bytes:
    """Strings within strings."""
    return wrap(0xA0, wrap(0x24, definite(OCTETS, octets[:5]), wrap(0x24, definite(OCTETS, octets[5:]))))


def primitive(octets: bytes, _wrap: Wrap) -> bytes:
    """One string, not divided."""
    return definite(0x80, octets)


@dataclass
class Enveloping:
    """How one envelope is written; every part can be chosen."""

    pair: KeyPair
    wrap: Wrap = definite
    content: Callable[[bytes, Wrap], bytes] = primitive
    transport: tuple[bytes, padding.AsymmetricPadding] = PKCS1
    bits: int = 256
    gcm: bool = False
    identifier: bytes = b""
    before: Sequence[bytes] = ()
    others: Sequence[bytes] = ()
    content_key: bytes = b""

    def write(self, plain: bytes) -> bytes:
        """The envelope around `plain`."""
        key = self.content_key or os.urandom(self.bits // 8)
        octets, cipher = self._encrypt(plain, key)
        content = self.wrap(SEQUENCE, write_oid("1.2.840.113549.1.7.1"), cipher, self.content(octets, self.wrap))
        recipients = self.wrap(SET, *self.others, self.write_recipient(key))
        version = definite(INTEGER, b"\x00")
        enveloped = self.wrap(SEQUENCE, version, *self.before, recipients, content)
        return self.wrap(SEQUENCE, write_oid("1.2.840.113549.1.7.3"), self.wrap(0xA0, enveloped))

    def write_recipient(self, key: bytes) -> bytes:
        """The recipient's entry with the wrapped key."""
        algorithm, scheme = self.transport
        wrapped = definite(OCTETS, self.pair.certificate.public_key().encrypt(key, scheme))  # type: ignore[union-attr]
        identifier = self.identifier or issuer_and_serial(self.pair.certificate)
        return definite(SEQUENCE, definite(INTEGER, b"\x00"), identifier, algorithm, wrapped)

    def _encrypt(self, plain: bytes, key: bytes) -> tuple[bytes, bytes]:
        family = {128: 2, 192: 22, 256: 42}[self.bits]
        if not self.gcm:
            vector, missing = os.urandom(16), 16 - len(plain) % 16
            encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
            octets = encryptor.update(plain + bytes((missing,)) * missing) + encryptor.finalize()
            return octets, write_algorithm(f"2.16.840.1.101.3.4.1.{family}", definite(OCTETS, vector))
        nonce = os.urandom(12)
        encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
        octets = encryptor.update(plain) + encryptor.finalize() + encryptor.tag
        parameters = definite(SEQUENCE, definite(OCTETS, nonce), definite(INTEGER, b"\x10"))
        return octets, write_algorithm(f"2.16.840.1.101.3.4.1.{family + 4}", parameters)
