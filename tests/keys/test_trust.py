"""Chains: which are believed at which moment, and with which code the others are refused."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from shutil import which

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import Untrusted
from gateway.keys import CertificateFault, KeyPair, TrustRoots
from tests.certificates import (
    LATER,
    NOW,
    Authority,
    begin,
    issue,
    make_authority,
    make_key,
    make_subject,
    make_usage,
    write_key,
    write_pem,
)


@dataclass(frozen=True)
class Family:
    """A root, an authority below it, and a business certificate below that."""

    root: Authority
    between: Authority
    leaf: KeyPair


@pytest.fixture(scope="session")
def family() -> Family:
    """Three generations."""
    root = make_authority("Rot")
    between = make_authority("Mellom", above=root)
    return Family(root, between, issue(between, "311000012", "Avsender kommune"))


def refusal(roots: Sequence[x509.Certificate], chain: Sequence[x509.Certificate], at: datetime = NOW) -> str:
    """The code with which a chain is refused."""
    with pytest.raises(Untrusted) as caught:
        TrustRoots(roots).verify(chain, at)
    assert caught.value.mend
    return caught.value.code


def test_a_chain_to_a_named_root_holds(family: Family) -> None:
    """With or without the root in it, in any order, with strangers in it, and from a named intermediate."""
    leaf, between, root = family.leaf.certificate, family.between[1], family.root[1]
    stranger = make_authority("Fremmed")[1]
    for chain in ((leaf, between), (leaf, between, root), (leaf, root, stranger, between)):
        TrustRoots([stranger, root]).verify(chain, NOW)
    TrustRoots([between]).verify((leaf,), NOW)


def test_a_chain_to_another_root_is_refused(family: Family) -> None:
    """Whatever it brings along; also where a link is missing, and where nothing is named."""
    leaf, between, root = family.leaf.certificate, family.between[1], family.root[1]
    stranger = make_authority("Fremmed")[1]
    assert refusal([stranger], (leaf, between, root)) == CertificateFault.UNKNOWN_ROOT
    assert refusal([root], (leaf,)) == CertificateFault.ISSUER_MISSING
    assert refusal([], (leaf, between, root)) == CertificateFault.UNKNOWN_ROOT
    assert refusal([root], ()) == CertificateFault.UNREADABLE_CERTIFICATE
    assert refusal([root], (leaf,) * 33) == CertificateFault.UNREADABLE_CERTIFICATE


def test_a_root_of_the_same_name_with_another_key_is_refused(family: Family) -> None:
    """The signature counts, not the name."""
    key = make_key("falsk rot")
    builder = begin(family.root[1].subject, family.root[1].subject, key=key)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    false_root = builder.sign(key, SHA256())
    assert refusal([false_root], (family.leaf.certificate, family.between[1])) == CertificateFault.UNKNOWN_ROOT


def test_every_link_must_be_valid_at_the_moment(family: Family) -> None:
    """The leaf, the authority between and the root."""
    chain = (family.leaf.certificate, family.between[1])
    assert refusal([family.root[1]], chain, LATER + timedelta(days=1)) == CertificateFault.CERTIFICATE_EXPIRED
    early = NOW - timedelta(days=400)
    assert refusal([family.root[1]], chain, early) == CertificateFault.CERTIFICATE_NOT_YET_VALID
    expired = issue(family.between, "311000012", "Avsender kommune", not_after=NOW - timedelta(days=1))
    assert refusal([family.root[1]], expired.chain) == CertificateFault.CERTIFICATE_EXPIRED
    longer = issue(family.between, "311000012", "Lever lenger", not_after=LATER + timedelta(days=10))
    after = LATER + timedelta(days=1)
    assert refusal([family.root[1]], longer.chain, after) == CertificateFault.CERTIFICATE_EXPIRED


@pytest.mark.parametrize(("constraints", "signs"), [(False, True), (True, False)])
def test_only_an_authority_may_issue(family: Family, constraints: bool, signs: bool) -> None:
    """basicConstraints and keyCertSign are both asked for."""
    name = f"Later som {constraints} {signs}"
    pretender = make_authority(name, above=family.root, constraints=constraints, signs=signs)
    leaf = issue(pretender, "311000012", "Avsender kommune")
    assert refusal([family.root[1]], leaf.chain) == CertificateFault.NOT_AN_AUTHORITY


def test_a_certificate_without_constraints_may_not_issue(family: Family) -> None:
    """Old certificates that say nothing are no authorities."""
    key = make_key("sier ingenting")
    subject = make_subject("311000098", "Sier ingenting")
    silent = begin(subject, family.root[1].subject, key=key).sign(family.root[0], SHA256())
    leaf = issue((key, silent), "311000012", "Avsender kommune")
    assert refusal([family.root[1]], leaf.chain) == CertificateFault.NOT_AN_AUTHORITY


def test_a_path_length_is_kept(family: Family) -> None:
    """A root that allows no authority below it."""
    key = make_key("smal rot")
    subject = make_subject("311000098", "Smal rot")
    builder = begin(subject, subject, key=key)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(make_usage(authority=True), critical=True)
    narrow = (key, builder.sign(key, SHA256()))
    TrustRoots([narrow[1]]).verify(issue(narrow, "311000012", "Rett under").chain, NOW)
    below = make_authority("Under smal rot", above=narrow)
    leaf = issue(below, "311000012", "Avsender kommune")
    assert refusal([narrow[1]], (*leaf.chain, narrow[1])) == CertificateFault.NOT_AN_AUTHORITY


def test_an_unknown_critical_extension_is_refused(family: Family) -> None:
    """It may say that the certificate is not for this."""
    key = make_key("kritisk")
    builder = begin(make_subject("311000012", "Kritisk"), family.root[1].subject, key=key)
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
    leaf = builder.add_extension(unknown, critical=True).sign(family.root[0], SHA256())
    assert refusal([family.root[1]], (leaf,)) == CertificateFault.CERTIFICATE_USAGE
    tolerated = builder.add_extension(unknown, critical=False).sign(family.root[0], SHA256())
    TrustRoots([family.root[1]]).verify((tolerated,), NOW)


def test_another_way_is_tried_where_one_does_not_hold(family: Family) -> None:
    """An authority that was renewed: both certificates travel along, and the old one comes first."""
    key, valid = family.between
    builder = begin(valid.subject, valid.issuer, key=key, span=(NOW - timedelta(days=9), NOW - timedelta(days=1)))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    expired = builder.sign(family.root[0], SHA256())
    leaf = family.leaf.certificate
    TrustRoots([family.root[1]]).verify((leaf, expired, valid), NOW)
    assert refusal([family.root[1]], (leaf, expired)) == CertificateFault.CERTIFICATE_EXPIRED


def test_a_link_signed_with_sha1_is_refused(family: Family, tmp_path: Path) -> None:
    """Collisions can be made; no link below the root may rest on them."""
    if which("openssl") is None:
        pytest.skip("openssl is not installed")
    request = x509.CertificateSigningRequestBuilder(make_subject("311000012", "Svak"))
    (tmp_path / "csr").write_bytes(request.sign(make_key("svak"), SHA256()).public_bytes(Encoding.PEM))
    (tmp_path / "root.pem").write_bytes(write_pem(family.root[1]))
    (tmp_path / "root.key").write_bytes(write_key(family.root[0]))
    for digest in ("sha1", "sha256"):
        issuing = ["openssl", "x509", "-req", f"-{digest}", "-in", "csr", "-CA", "root.pem", "-CAkey", "root.key"]
        subprocess.run([*issuing, "-set_serial", "7", "-out", digest], cwd=tmp_path, check=True, capture_output=True)
    # openssl dates them itself, some minutes after this run began.
    at = _read(tmp_path / "sha256").not_valid_before_utc + timedelta(minutes=5)
    assert refusal([family.root[1]], (_read(tmp_path / "sha1"),), at) == CertificateFault.UNKNOWN_ROOT
    TrustRoots([family.root[1]]).verify((_read(tmp_path / "sha256"),), at)


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_crowd_of_look_alikes_is_searched_quickly(family: Family) -> None:
    """Thirty authorities of one name and key, each of which signed all the others: a search of every path never ended."""
    key, name = make_key("mengde"), make_subject("311000098", "Mengde")
    crowd = [begin(name, name, key=key).sign(key, SHA256()) for _ in range(30)]
    leaf = begin(make_subject("311000012", "Blad"), name, key=make_key("noen")).sign(key, SHA256())
    assert refusal([family.root[1]], (leaf, *crowd)) == CertificateFault.UNKNOWN_ROOT


def test_certificates_that_issued_each_other_end_the_search(family: Family) -> None:
    """A ring of authorities leads nowhere, and quickly."""
    first_key, second_key = make_key("ring 1"), make_key("ring 2")
    first_name, second_name = make_subject("311000098", "Ring en"), make_subject("311000098", "Ring to")
    first = begin(first_name, second_name, key=first_key).sign(second_key, SHA256())
    second = begin(second_name, first_name, key=second_key).sign(first_key, SHA256())
    assert refusal([family.root[1]], (first, second)) == CertificateFault.UNKNOWN_ROOT
