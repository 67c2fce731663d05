"""Decrypts CMS EnvelopedData (and AuthEnvelopedData) as it streams past, with whichever of our keys it is meant for.

In comes the encrypted package, out come plain blocks that nothing vouches for yet: the container's signature does.
Called by `opener`. Sources: RFC 5652 §6, RFC 5083, RFC 5084, RFC 3218 (why a key that does not unwrap is replaced,
not reported).
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.errors import MustAct, Untrusted
from gateway.keys import KeyPair
from gateway.language import listed, say
from gateway.packaging.ber import (
    OCTET_STRING,
    Malformed,
    read_element,
    read_expected,
    read_header,
    read_octets,
)
from gateway.packaging.der import certificate_bytes
from gateway.packaging.forward import Forward, Truncated, read_blocks
from gateway.packaging.records import Block, PackageFault, distrust

_SEQUENCE, _SET, _CONTEXT_0 = 0x30, 0x31, 0xA0
_CONTENT_TAGS = {0x80, 0xA0}
_ENVELOPED, _AUTH_ENVELOPED = "1.2.840.113549.1.7.3", "1.2.840.113549.1.9.16.1.23"
_BLOCK = 16
_SHORTEST_TAG = 12
_MOST_SERIALS = 10
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - the default of RSAES-OAEP, where nothing hangs on collisions
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class _Envelope:
    """Everything before the encrypted octets."""

    kind: str
    recipients: bytes
    cipher: algos.EncryptionAlgorithm


def decrypt(source: BinaryIO, keys: Sequence[KeyPair]) -> Iterator[Block]:
    """The plain bytes. `Untrusted` (UNDECRYPTABLE) always in the same words, except where it is meant for others.

    A wrong padding removes nothing and is not reported: what is left over is found as any other damage is.
    """
    stream = Forward(read_blocks(source))
    try:
        envelope = _read_envelope(stream)
        pair, recipient = _choose(envelope.recipients, keys)
        yield from _decrypt_content(stream, envelope, key=_unwrap(pair, recipient, size=_key_size(envelope.cipher)))
    except (Truncated, Malformed, InvalidTag, ValueError, TypeError, KeyError, UnsupportedAlgorithm) as fault:
        raise undecryptable() from fault


def undecryptable() -> Untrusted:
    """The one answer to everything that does not decrypt."""
    return distrust(
        PackageFault.UNDECRYPTABLE,
        say("the package cannot be decrypted with our keys, or it was damaged on its way"),
        mend=say("check that the certificate in the ServiceRegistry is ours; else the sender must send it anew"),
        must_act=MustAct.OPERATOR,
    )


def _read_envelope(stream: Forward) -> _Envelope:
    read_expected(stream, _SEQUENCE)
    kind = core.ObjectIdentifier.load(read_element(stream)).dotted
    if kind not in (_ENVELOPED, _AUTH_ENVELOPED):
        raise Malformed(f"content of type {kind}")
    read_expected(stream, _CONTEXT_0)
    read_expected(stream, _SEQUENCE)
    read_element(stream)  # the version tells nothing that the structure does not
    recipients = read_element(stream)
    if recipients[0] == _CONTEXT_0:  # originatorInfo stood first
        recipients = read_element(stream)
    if recipients[0] != _SET:
        raise Malformed("no recipients")
    read_expected(stream, _SEQUENCE)
    read_element(stream)
    return _Envelope(kind, recipients, algos.EncryptionAlgorithm.load(read_element(stream)))


def _choose(recipients: bytes, keys: Sequence[KeyPair]) -> tuple[KeyPair, cms.KeyTransRecipientInfo]:
    """The first recipient that is one of our certificates."""
    serials = []
    for info in cms.RecipientInfos.load(recipients):
        if info.name != "ktri":
            continue
        for pair in keys:
            if _is_meant(info.chosen["rid"], pair.certificate):
                return pair, info.chosen
        serials.append(_describe(info.chosen["rid"]))
    # A package from a stranger may name any number.
    named = listed(serials[:_MOST_SERIALS]) if serials else say("none")
    raise distrust(
        PackageFault.UNDECRYPTABLE,
        say("the package is encrypted to other certificates than ours: {serials}", serials=named),
        mend=say("put the key of that certificate back among our keys; else publish ours and have it sent anew"),
        must_act=MustAct.OPERATOR,
    )


def _is_meant(identifier: cms.RecipientIdentifier, certificate: x509.Certificate) -> bool:
    if identifier.name == "subject_key_identifier":
        return bool(identifier.native == _key_identifier(certificate))
    named = identifier.chosen
    ours = asn1_x509.Certificate.load(certificate_bytes(certificate))
    return bool(named["serial_number"].native == certificate.serial_number and named["issuer"] == ours.issuer)


def _key_identifier(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def _describe(identifier: cms.RecipientIdentifier) -> str:
    if identifier.name == "subject_key_identifier":
        return say("key {id}", id=identifier.native.hex())
    return say("serial number {number}", number=f"{identifier.chosen['serial_number'].native:x}")


def _unwrap(pair: KeyPair, recipient: cms.KeyTransRecipientInfo, *, size: int) -> bytes:
    """The content key; a random one where it does not unwrap, so that nobody learns how it failed."""
    instead = secrets.token_bytes(size)
    scheme = _read_scheme(recipient["key_encryption_algorithm"])
    try:
        key = pair.key.decrypt(recipient["encrypted_key"].native, scheme)
    except ValueError:
        return instead
    return key if len(key) == size else instead


def _read_scheme(algorithm: cms.KeyEncryptionAlgorithm) -> AsymmetricPadding:
    if algorithm["algorithm"].native == "rsaes_pkcs1v15":
        return padding.PKCS1v15()
    if algorithm["algorithm"].native != "rsaes_oaep":
        raise Malformed("a key transport that is not RSA")
    parameters = algorithm["parameters"]
    digest = parameters["hash_algorithm"]["algorithm"].native
    mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
    label = parameters["p_source_algorithm"]["parameters"].native
    return padding.OAEP(padding.MGF1(_HASHES[mask]), _HASHES[digest], label or None)


def _key_size(cipher: algos.EncryptionAlgorithm) -> int:
    name = cipher["algorithm"].native
    if name[:3] != "aes" or name[6:] not in ("_cbc", "_gcm"):
        raise Malformed("a cipher that is not AES in CBC or GCM")
    return int(name[3:6]) // 8


def _decrypt_content(stream: Forward, envelope: _Envelope, *, key: bytes) -> Iterator[Block]:
    header = read_header(stream)
    if header[0] not in _CONTENT_TAGS:
        raise Malformed("no encrypted content")
    octets = read_octets(stream, header)
    parameters = envelope.cipher["parameters"]
    if envelope.cipher["algorithm"].native.endswith("cbc"):
        yield from _decrypt_cbc(octets, Cipher(algorithms.AES(key), modes.CBC(parameters.native)))
    else:
        nonce = core.Sequence.load(parameters.dump())[0].native
        mode = modes.GCM(nonce, None, min_tag_length=_SHORTEST_TAG)
        tag_behind = stream if envelope.kind == _AUTH_ENVELOPED else None
        yield from _decrypt_gcm(octets, Cipher(algorithms.AES(key), mode), tag_behind=tag_behind)


def _decrypt_cbc(octets: Iterator[Block], cipher: Cipher[modes.CBC]) -> Iterator[Block]:
    decryptor = cipher.decryptor()
    held: Block = b""
    for block in octets:
        plain = memoryview(decryptor.update(block))
        if plain:
            yield held
            yield plain[:-_BLOCK]
            held = bytes(plain[-_BLOCK:])
    decryptor.finalize()
    yield _remove_padding(bytes(held))


def _remove_padding(block: bytes) -> bytes:
    size = block[-1] if block else 0
    right = 1 <= size <= _BLOCK and block.endswith(bytes((size,)) * size)
    return block[:-size] if right else block


def _decrypt_gcm(octets: Iterator[Block], cipher: Cipher[modes.GCM], *, tag_behind: Forward | None) -> Iterator[Block]:
    """The tag is the last 16 octets (as BouncyCastle writes EnvelopedData), or a field behind them (RFC 5083)."""
    decryptor = cipher.decryptor()
    kept = 0 if tag_behind else _BLOCK
    held = b""
    for block in octets:
        joined = held + block
        end = max(len(joined) - kept, 0)
        held = joined[end:]
        yield decryptor.update(joined[:end])
    decryptor.finalize_with_tag(_read_tag(tag_behind) if tag_behind else held)


def _read_tag(stream: Forward) -> bytes:
    """The mac behind the content; authenticated attributes before it would have to be digested first: refused."""
    element = read_element(stream)
    while element == b"\0\0":
        element = read_element(stream)
    if element[0] != OCTET_STRING:
        raise Malformed("authenticated attributes")
    return bytes(core.OctetString.load(element).native)
