"""Envelopes of other programs: every form that a receiver may meet opens, and nothing says why one does not."""

import io
import subprocess
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from shutil import which

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding

from gateway.errors import Untrusted
from gateway.keys import KeyPair
from gateway.packaging.ber import Malformed, read_octets
from gateway.packaging.cms import envelope
from gateway.packaging.decrypt import decrypt
from gateway.packaging.der import write_oid
from gateway.packaging.forward import Forward
from gateway.packaging.opener import Trust, open_package
from gateway.packaging.records import PackageFault, Sealed
from tests.certificates import make_key, write_pem
from tests.packaging.enveloping import (
    OAEP_DEFAULT,
    PKCS1,
    Enveloping,
    Wrap,
    definite,
    in_pieces,
    indefinite,
    nested,
    primitive,
)
from tests.packaging.packing import draw, make_file, pack

ENVELOPED = write_oid("1.2.840.113549.1.7.3")
# Where a reader of BER could be led astray: long tags, huge lengths, endless nesting, what does not belong there.
HEAD = b"\x30\x80" + ENVELOPED + b"\xa0\x80\x30\x80\x02\x01\x00"
CIPHER = b"\x30\x80" + write_oid("1.2.840.113549.1.7.1")
MALFORMED = [
    b"\x1f\x81\x01\x00",
    b"\x31\x80",
    b"\x30\x89" + b"\x01" * 20,
    HEAD + b"\x31\x84\x7f\xff\xff\xff" + bytes(2_000_000),
    HEAD + b"\x31\x80" + b"\x30\x80" * 5000,
    HEAD + b"\x31\x80" + (b"\x04\x83\x08\x00\x00" + bytes(0x80000)) * 3,
    HEAD + b"\x04\x00",
    HEAD + b"\xa0\x00\x31\x00",
]
PLAIN = bytes(range(256)) * 40 + b"slutt"


def opened(encrypted: bytes, *pairs: KeyPair) -> bytes:
    """What an envelope holds."""
    return b"".join(decrypt(io.BytesIO(encrypted), pairs))


@pytest.mark.parametrize("transport", [PKCS1, OAEP_DEFAULT], ids=["pkcs1", "oaep-sha1"])
@pytest.mark.parametrize(
    "content", [primitive, nested, in_pieces(1000), in_pieces(7)], ids=["whole", "nested", "1000", "7"]
)
@pytest.mark.parametrize("wrap", [definite, indefinite])
@pytest.mark.parametrize("cipher", [(128, False), (192, False), (256, False), (256, True)])
def test_every_form_opens(
    recipient: KeyPair,
    transport: tuple[bytes, AsymmetricPadding],
    content: Callable[[bytes, Wrap], bytes],
    wrap: Wrap,
    cipher: tuple[int, bool],
) -> None:
    """Ciphers, key transports, definite and indefinite lengths, pieces of any size, empty ones, strings in strings."""
    bits, gcm = cipher
    written = Enveloping(recipient, wrap=wrap, content=content, transport=transport, bits=bits, gcm=gcm)
    assert opened(written.write(PLAIN), recipient) == PLAIN


def test_our_entry_is_found_among_several(sender: KeyPair, recipient: KeyPair) -> None:
    """By issuer and serial number, whichever place it has and whichever of our keys it names."""
    key = b"k" * 32
    other = Enveloping(sender).write_recipient(key)
    by_password = definite(0xA3, b"\x02\x01\x00")
    several = Enveloping(recipient, others=(by_password, other), content_key=key).write(PLAIN)
    assert opened(several, recipient) == PLAIN
    assert opened(several, sender) == PLAIN


def test_our_key_may_be_named_by_its_identifier(recipient: KeyPair) -> None:
    """The other form of a recipient's name."""
    digest = x509.SubjectKeyIdentifier.from_public_key(recipient.certificate.public_key()).digest
    assert opened(Enveloping(recipient, identifier=definite(0x80, digest)).write(PLAIN), recipient) == PLAIN


def test_originator_information_is_passed_over(recipient: KeyPair) -> None:
    """It stands before the recipients and is nothing to us."""
    assert opened(Enveloping(recipient, before=(definite(0xA0, b"\x05\x00"),)).write(PLAIN), recipient) == PLAIN


@pytest.mark.parametrize(
    "options",
    [
        ("-aes-256-cbc", "-stream"),
        ("-aes-128-cbc", "-keyid"),
        ("-aes-192-cbc", "-stream", "-keyopt", "rsa_padding_mode:oaep"),
        ("-aes-256-cbc", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha512"),
        ("-aes-256-gcm", "-stream"),
    ],
    ids=lambda options: " ".join(options),
)
def test_what_openssl_encrypts_opens(recipient: KeyPair, tmp_path: Path, options: tuple[str, ...]) -> None:
    """An independent writer's EnvelopedData and AuthEnvelopedData."""
    if which("openssl") is None:
        pytest.skip("openssl is not installed")
    (tmp_path / "leaf.pem").write_bytes(write_pem(recipient.certificate))
    (tmp_path / "in").write_bytes(PLAIN * 30)
    encrypting = ["openssl", "cms", "-encrypt", "-binary", "-outform", "DER", "-in", tmp_path / "in", *options[:1]]
    flags = [option for option in options[1:] if option in ("-stream", "-keyid")]
    keys = [option for option in options[1:] if option not in flags]
    subprocess.run([*encrypting, *flags, "-out", tmp_path / "out", "-recip", tmp_path / "leaf.pem", *keys], check=True)
    assert opened((tmp_path / "out").read_bytes(), recipient) == PLAIN * 30


def test_a_package_for_others_names_whom_it_is_for(sender: KeyPair, recipient: KeyPair) -> None:
    """The one refusal that tells more: an old key may only have to be put back."""
    with pytest.raises(Untrusted, match=f"{recipient.certificate.serial_number:x}") as caught:
        opened(Enveloping(recipient).write(PLAIN), sender)
    assert caught.value.code == PackageFault.UNDECRYPTABLE


def test_everything_else_is_refused_in_the_same_words(
    sender: KeyPair, recipient: KeyPair, trust: Trust, tmp_path: Path
) -> None:
    """No CMS, another content, cut off, a changed tag, a wrong key, a key of another size: nobody learns which."""
    container = pack(sender, make_file("a.pdf", b"1" * 500))
    sound = Enveloping(recipient, gcm=True).write(container)
    impostor = KeyPair(make_key("en annen"), recipient.chain)
    harmed = [
        (b"", recipient),
        (container, recipient),
        (sound.replace(ENVELOPED, ENVELOPED[:-1] + b"\x02"), recipient),
        (sound[:200], recipient),
        *((malformed, recipient) for malformed in MALFORMED),
        (sound[:-5], recipient),
        (sound[:-1] + bytes((sound[-1] ^ 1,)), recipient),
        (sound, impostor),
        *((Enveloping(recipient, transport=transport).write(container), impostor) for transport in [PKCS1] * 300),
        (Enveloping(recipient, transport=OAEP_DEFAULT).write(container), impostor),
        (Enveloping(recipient, content_key=b"k" * 16).write(container), recipient),
        (Enveloping(recipient).write(b"innhold"), recipient),
    ]
    words = set()
    for content, pair in harmed:
        trusting = replace(trust, keys=(pair,))
        with pytest.raises(Untrusted) as caught, open_package(io.BytesIO(content), trust=trusting, spool=tmp_path):
            pass
        words.add((caught.value.code, caught.value.message, caught.value.mend))
    assert len(words) == 1
    assert next(iter(words))[0] == PackageFault.UNDECRYPTABLE


def test_a_wrong_padding_is_not_told(sender: KeyPair, recipient: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """All 255 wrong last bytes, of which one makes another valid padding, are answered alike."""
    size = 500
    while (len(pack(sender, make_file("a.pdf", b"1" * size)))) % 16 != 14:
        size += 1
    sound = Enveloping(recipient).write(pack(sender, make_file("a.pdf", b"1" * size)))
    at = len(sound) - 17
    words = set()
    for change in range(1, 256):
        content = sound[:at] + bytes((sound[at] ^ change,)) + sound[at + 1 :]
        with pytest.raises(Untrusted) as caught, open_package(io.BytesIO(content), trust=trust, spool=tmp_path):
            pass
        words.add((caught.value.code, caught.value.message))
    assert len(words) == 1


@pytest.mark.parametrize(
    "content",
    [
        lambda octets, wrap: definite(0xA0, definite(0x04, octets))[:-16],
        lambda octets, wrap: b"\xa0\x20" + definite(0x04, octets),
        lambda octets, wrap: definite(0xA0, definite(0x0C, octets)),
        lambda octets, wrap: b"\xa0\x80" + b"\x24\x80" * 5000,
        lambda octets, wrap: b"\x80\x80" + octets,
        lambda octets, wrap: definite(0x81, octets),
        lambda octets, wrap: definite(0x80, octets[:-1]),
    ],
    ids=["cut off", "beyond its string", "other type", "endless", "no length", "other tag", "half a block"],
)
def test_content_that_is_no_string_is_refused(recipient: KeyPair, content: Callable[[bytes, Wrap], bytes]) -> None:
    """The same words again, and no end of the program."""
    with pytest.raises(Untrusted) as caught:
        opened(Enveloping(recipient, content=content).write(PLAIN[:100]), recipient)
    assert caught.value.code == PackageFault.UNDECRYPTABLE


@pytest.mark.parametrize("gcm", [True, False])
def test_ciphers_that_are_not_read_are_refused(recipient: KeyPair, gcm: bool) -> None:
    """AES in another mode, Triple-DES."""
    sound = Enveloping(recipient, gcm=gcm).write(PLAIN)
    known = write_oid(f"2.16.840.1.101.3.4.1.{46 if gcm else 42}")
    for other in (write_oid("2.16.840.1.101.3.4.1.44"), write_oid("1.2.840.113549.3.7") + b"\x05\x00"[:1]):
        with pytest.raises(Untrusted) as caught:
            opened(sound.replace(known, other), recipient)
        assert caught.value.code == PackageFault.UNDECRYPTABLE


def test_a_large_envelope_in_small_pieces_opens(recipient: KeyPair) -> None:
    """Pieces of 1000 bytes, as BouncyCastle writes them, across the borders of what is read at a time."""
    content = bytes(range(250)) * 12_000
    written = Enveloping(recipient, wrap=indefinite, content=in_pieces(1000)).write(content)
    assert opened(written, recipient) == content


def test_what_we_encrypt_opens_too(recipient: KeyPair) -> None:
    """The writer's own form."""
    assert opened(draw(envelope(Sealed(len(PLAIN), lambda: iter([PLAIN])), recipient.certificate)), recipient) == PLAIN


@pytest.mark.parametrize(
    ("piece", "kept"), [(b"\4\0", False), (b"\x24\x80\0\0", False), (b"\4\1x", True)], ids=["empty", "strings", "bytes"]
)
def test_pieces_that_bring_nothing_cost_nothing(piece: bytes, kept: bool) -> None:
    """A string of empty pieces would be held piece by piece, at seventy times its size, or be walked for hours."""
    blocks = chain([piece * 100_000] * 2, [b"\0\0"])
    octets = read_octets(Forward(blocks), (0xA0, None))
    tracemalloc.start()
    try:
        with nullcontext() if kept else pytest.raises(Malformed, match="hold nothing"):
            assert sum(map(len, octets)) == 200_000
        assert tracemalloc.get_traced_memory()[1] < 24_000_000
    finally:
        tracemalloc.stop()
