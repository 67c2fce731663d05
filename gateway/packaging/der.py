"""The few DER encodings that our CMS structures are made of, and the two fields that name a certificate.

In come tags and contents, out come bytes (ITU-T X.690). Called by `cades` and `cms` when writing; foreign structures
are read with a parser instead.
"""

from collections.abc import Iterator
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

INTEGER, OCTET_STRING, NULL, OID, SEQUENCE, SET = 0x02, 0x04, 0x05, 0x06, 0x30, 0x31
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1


def write_length(size: int) -> bytes:
    """A definite length."""
    if size < 0x80:
        return bytes((size,))
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(digits),)) + digits


def write_element(tag: int, *contents: bytes) -> bytes:
    """One element: tag, definite length, contents one after the other."""
    content = b"".join(contents)
    return bytes((tag,)) + write_length(len(content)) + content


@lru_cache(maxsize=64)
def write_oid(dotted: str) -> bytes:
    """An object identifier from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return write_element(OID, *(_write_arc(arc) for arc in (first * 40 + second, *rest)))


def write_algorithm(dotted: str, *parameters: bytes) -> bytes:
    """An AlgorithmIdentifier; without parameters it carries NULL."""
    return write_element(SEQUENCE, write_oid(dotted), *(parameters or (write_element(NULL),)))


def read_elements(content: bytes) -> Iterator[bytes]:
    """The elements that stand in DER content one after the other, each whole."""
    start = 0
    while start < len(content):
        header = _read_header(content, start)
        end = start + header[0] + header[1]
        yield content[start:end]
        start = end


def read_content(element: bytes) -> bytes:
    """The content of one DER element."""
    return element[_read_header(element, 0)[0] :]


@lru_cache(maxsize=256)
def issuer_and_serial(certificate: x509.Certificate) -> bytes:
    """IssuerAndSerialNumber with the issuer's bytes as the certificate has them: readers compare byte by byte."""
    fields = list(read_elements(read_content(certificate.tbs_certificate_bytes)))
    versioned = 1 if fields[0][0] == CONTEXT_0 else 0
    serial, issuer = fields[versioned], fields[versioned + 2]
    return write_element(SEQUENCE, issuer, serial)


@lru_cache(maxsize=256)
def certificate_bytes(certificate: x509.Certificate) -> bytes:
    """The certificate as DER."""
    return certificate.public_bytes(Encoding.DER)


def _write_arc(arc: int) -> bytes:
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(0x80 | (arc & 0x7F))
    return bytes(reversed(digits))


def _read_header(content: bytes, start: int) -> tuple[int, int]:
    """How many bytes tag and length take, and how many the content."""
    first = content[start + 1]
    if first < 0x80:
        return 2, first
    digits = first & 0x7F
    return 2 + digits, int.from_bytes(content[start + 2 : start + 2 + digits], "big")
