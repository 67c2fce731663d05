"""Signatures of another program: which forms are believed, and which are not although they verify."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import Untrusted
from gateway.keys import KeyPair
from gateway.packaging import cades
from gateway.packaging.cades import sign_detached
from gateway.packaging.der import write_oid
from gateway.packaging.signature import verify_detached
from tests.certificates import EARLIER, LATER, Authority, begin, issue, make_key, make_subject, write_key, write_pem
from tests.packaging.packing import make_signing, sign_with_openssl

CONTENT_TYPE = write_oid("1.2.840.113549.1.9.3")
UNKNOWN_TYPE = write_oid("1.2.840.113549.1.9.99")
SHA256_OID, SHA512_OID = write_oid("2.16.840.1.101.3.4.2.1"), write_oid("2.16.840.1.101.3.4.2.3")
CONTENT = b"det som er signert\n"


def sign(pair: KeyPair, folder: Path, *options: str) -> bytes:
    """What `openssl cms -sign` makes of the content."""
    return sign_with_openssl(CONTENT, pair, folder, *options)


@pytest.mark.parametrize(
    "options",
    [
        ("-md", "sha256", "-cades"),
        ("-md", "sha256"),
        ("-md", "sha512", "-cades", "-keyid"),
        ("-md", "sha384", "-stream"),
        ("-md", "sha256", "-keyopt", "rsa_padding_mode:pss"),
        ("-md", "sha1"),
    ],
    ids=" ".join,
)
def test_sound_signatures_are_believed(sender: KeyPair, tmp_path: Path, options: tuple[str, ...]) -> None:
    """With and without signing-certificate-v2, SHA-2, PSS, the key's identifier; SHA-1 where the settings allow it."""
    signature = sign(sender, tmp_path, *options)
    assert verify_detached(signature, CONTENT, accept_sha1=True)[0] == sender.certificate


@pytest.mark.parametrize("options", [("-noattr",), ("-nocerts",), ("-md", "sha256")], ids=" ".join)
def test_unsound_signatures_are_not(sender: KeyPair, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Without attributes, without its certificate, or over other bytes."""
    content, code = (b"noe annet", "MANIFEST_CHANGED") if options[0] == "-md" else (CONTENT, "SIGNATURE_INVALID")
    with pytest.raises(Untrusted) as caught:
        verify_detached(sign(sender, tmp_path, *options), content, accept_sha1=True)
    assert caught.value.code == code


def test_sha1_and_md5_may_be_refused(sender: KeyPair, tmp_path: Path) -> None:
    """SHA-1 by the settings, MD5 always."""
    with pytest.raises(Untrusted) as caught:
        verify_detached(sign(sender, tmp_path, "-md", "sha1"), CONTENT, accept_sha1=False)
    assert caught.value.code == "ALGORITHM_REFUSED"
    with pytest.raises(Untrusted) as caught:
        verify_detached(sign(sender, tmp_path, "-md", "md5"), CONTENT, accept_sha1=True)
    assert caught.value.code == "ALGORITHM_REFUSED"


def test_a_short_key_is_refused(authority: Authority, tmp_path: Path) -> None:
    """1024 bits can be broken, whoever issued the certificate."""
    key = make_key("kort", 1024)
    certificate = begin(authority[1].subject, authority[1].subject, key=key).sign(authority[0], SHA256())
    with pytest.raises(Untrusted) as caught:
        verify_detached(sign(KeyPair(key, (certificate,)), tmp_path), CONTENT, accept_sha1=True)
    assert caught.value.code == "ALGORITHM_REFUSED"


def test_another_certificate_for_the_same_key_is_noticed(authority: Authority, sender: KeyPair) -> None:
    """signing-certificate-v2 binds the very certificate: one with the same issuer, number and key does not do."""
    twin = _make_twin(authority, sender)
    signature = cms.ContentInfo.load(sign_detached(CONTENT, make_signing(sender)))
    certificate = asn1_x509.Certificate.load(twin.public_bytes(Encoding.DER))
    signature["content"]["certificates"] = [cms.CertificateChoices("certificate", certificate)]
    with pytest.raises(Untrusted, match="another certificate"):
        verify_detached(signature.dump(force=True), CONTENT, accept_sha1=False)


def _make_twin(authority: Authority, pair: KeyPair) -> x509.Certificate:
    own = pair.certificate
    subject = make_subject("311000098", "En annen")
    twin = x509.CertificateBuilder(own.issuer, subject, own.public_key(), own.serial_number, EARLIER, LATER)
    return twin.sign(authority[0], SHA256())


def test_two_signers_are_refused(authority: Authority, sender: KeyPair, tmp_path: Path) -> None:
    """Nobody could say who vouches."""
    second = issue(authority, "311000039", "En til")
    (tmp_path / "second.key").write_bytes(write_key(second.key))
    (tmp_path / "second.pem").write_bytes(write_pem(second.certificate))
    options = ("-signer", str(tmp_path / "second.pem"), "-inkey", str(tmp_path / "second.key"))
    with pytest.raises(Untrusted, match="2 signers"):
        verify_detached(sign(sender, tmp_path, *options), CONTENT, accept_sha1=True)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda attributes: attributes + attributes[:26], "stands there twice"),
        (lambda attributes: attributes.replace(SHA256_OID, SHA512_OID), "algorithms are not those"),
        (lambda attributes: attributes.replace(CONTENT_TYPE + b"\x31", UNKNOWN_TYPE + b"\x31"), "for plain data"),
    ],
    ids=["twice", "algorithms", "no content type"],
)
def test_attributes_that_were_signed_so_are_judged_all_the_same(
    monkeypatch: pytest.MonkeyPatch, sender: KeyPair, harm: Callable[[bytes], bytes], sentence: str
) -> None:
    """The value is right, what it says is not."""
    written = cades._write_attributes
    monkeypatch.setattr(cades, "_write_attributes", lambda *given, **named: harm(written(*given, **named)))
    with pytest.raises(Untrusted, match=sentence):
        verify_detached(sign_detached(CONTENT, make_signing(sender)), CONTENT, accept_sha1=False)


@pytest.mark.parametrize(("year", "tag"), [(2049, "utc_time"), (2050, "generalized_time")])
def test_the_time_of_signing_has_the_form_of_its_century(sender: KeyPair, year: int, tag: str) -> None:
    """UTCTime ends with 2049 (RFC 5652 §11.3)."""
    at = datetime(year, 3, 4, 5, 6, 7, tzinfo=UTC)
    signature = sign_detached(CONTENT, replace(make_signing(sender), at=at))
    attributes = cms.ContentInfo.load(signature)["content"]["signer_infos"][0]["signed_attrs"]
    (time,) = [attribute["values"][0] for attribute in attributes if attribute["type"].native == "signing_time"]
    assert (time.name, time.native) == (tag, at)


def test_every_changed_byte_is_noticed(sender: KeyPair) -> None:
    """In the signed attributes and in the value."""
    signature = sign_detached(CONTENT, make_signing(sender))
    value = range(len(signature) - 256, len(signature), 5)
    attributes = range(signature.index(CONTENT_TYPE), len(signature) - 256 - 24, 3)
    for at in (*attributes, *value):
        harmed = signature[:at] + bytes((signature[at] ^ 1,)) + signature[at + 1 :]
        with pytest.raises(Untrusted):
            verify_detached(harmed, CONTENT, accept_sha1=False)
