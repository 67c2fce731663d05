"""The envelope that we write: its length, that OpenSSL opens it, and that no two passes share a key."""

import io
import subprocess
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import CertificateBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Untrusted
from gateway.keys import KeyPair
from gateway.packaging.cms import PIECE, envelope
from gateway.packaging.decrypt import decrypt
from gateway.packaging.records import Sealed
from tests.certificates import EARLIER, LATER, Authority, make_subject, write_key
from tests.packaging.packing import draw

BORDERS = [0, 1, 15, 16, 17, 65_535, 65_536, PIECE - 16, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE - 1, 2 * PIECE]


def seal(content: bytes, cut: int = 300_000) -> Sealed:
    """Plain bytes in blocks of `cut`."""
    return Sealed(len(content), lambda: (content[start : start + cut] for start in range(0, len(content), cut)))


@settings(deadline=None, max_examples=40)
@given(size=st.sampled_from(BORDERS), cut=st.integers(5_000, 2 * PIECE))
def test_length_is_what_comes(recipient: KeyPair, size: int, cut: int) -> None:
    """The promise holds on both sides of every border, however the bytes arrive, and our opener reads them back."""
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    sealed = envelope(seal(content, cut), recipient.certificate)
    encrypted = draw(sealed)
    assert len(encrypted) == sealed.length
    assert b"".join(decrypt(io.BytesIO(encrypted), [recipient])) == content


def test_each_pass_is_encrypted_anew(recipient: KeyPair) -> None:
    """A second try has another key and vector, and the same length."""
    sealed = envelope(seal(b"innhold"), recipient.certificate)
    first, second = draw(sealed), draw(sealed)
    assert len(first) == len(second)
    assert first[-60:] != second[-60:]


def test_a_stream_that_is_shorter_than_foretold_is_an_error(recipient: KeyPair) -> None:
    """Content-Length is out by then: better a broken upload than a wrong one."""
    sealed = envelope(Sealed(100, lambda: iter([b"x" * 20])), recipient.certificate)
    with pytest.raises(ValueError, match="less than were foretold"):
        draw(sealed)


def test_a_certificate_without_rsa_key_is_refused(authority: Authority) -> None:
    """Nothing can be encrypted to an elliptic curve key here; said before a byte is made."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = make_subject("311000020", "Kurve")
    builder = CertificateBuilder(authority[1].subject, subject, key.public_key(), 7, EARLIER, LATER)
    with pytest.raises(Untrusted) as caught:
        envelope(seal(b""), builder.sign(authority[0], SHA256()))
    assert caught.value.code == "CERTIFICATE_USAGE"


@pytest.mark.parametrize("size", [0, 16, 10_000, 3 * PIECE, 3 * PIECE + 5])
def test_openssl_decrypts_it(recipient: KeyPair, tmp_path: Path, size: int) -> None:
    """`openssl cms -decrypt` gives back what went in, byte for byte."""
    if which("openssl") is None:
        pytest.skip("openssl is not installed")
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    (tmp_path / "in").write_bytes(draw(envelope(seal(content), recipient.certificate)))
    (tmp_path / "key.pem").write_bytes(write_key(recipient.key))
    decrypting = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", tmp_path / "key.pem"]
    subprocess.run([*decrypting, "-in", tmp_path / "in", "-out", tmp_path / "out"], check=True)
    assert (tmp_path / "out").read_bytes() == content
