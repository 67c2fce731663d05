"""The made-up certificate authority: the profile of what it issues, and that a folder keeps it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.errors import Untrusted
from gateway.keys import TrustRoots, load_key_pairs
from gateway.sandbox.authority import Authority, Holder

HOLDER = Holder("311000020", "FJORDVIK TILSYN")


def now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


@pytest.fixture
def authority(folder: Path) -> Authority:
    """The authority of the shared folder."""
    return Authority(folder / "keys", now=now)


def test_a_business_certificate_names_its_organisation(authority: Authority) -> None:
    """Subject and key are those of a virksomhetssertifikat: number, name, RSA 2048, for signing and encrypting."""
    pair = authority.credential(HOLDER)
    subject = pair.certificate.subject
    assert pair.organisation == HOLDER.number
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == HOLDER.name
    usage = pair.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.data_encipherment) == (True, True, True)
    assert pair.key.key_size == 2048


def test_what_it_issues_leads_to_its_root_and_to_no_other(authority: Authority, tmp_path: Path) -> None:
    """The gateway's own judge of chains accepts it under this root and refuses it under another sandbox's."""
    chain = authority.credential(HOLDER).chain
    TrustRoots((authority.root,)).verify(chain, now())
    with pytest.raises(Untrusted):
        TrustRoots((Authority(tmp_path / "other", now=now).root,)).verify(chain, now())


def test_an_expired_certificate_has_run_out(authority: Authority) -> None:
    """The expired certificate is for the same key, and is refused for its date."""
    expired = authority.expired(HOLDER)
    assert expired.public_key() == authority.credential(HOLDER).key.public_key()
    with pytest.raises(Untrusted) as refusal:
        TrustRoots((authority.root,)).verify((expired,), now())
    assert refusal.value.code == "CERTIFICATE_EXPIRED"


def test_a_folder_keeps_root_keys_and_password(authority: Authority, folder: Path, tmp_path: Path) -> None:
    """Started again in the same folder it is the same outside world."""
    again = Authority(folder / "keys", now=lambda: now() + timedelta(days=1))
    assert again.root == authority.root
    assert again.credential(HOLDER).certificate == authority.credential(HOLDER).certificate
    passwords = {each.write_pkcs12(HOLDER, tmp_path / "own.p12") for each in (authority, again)}
    assert len(passwords) == 1


def test_the_keystore_opens_with_its_password(authority: Authority, tmp_path: Path) -> None:
    """The PKCS#12 holds key, certificate and root, as the gateway reads it."""
    password = authority.write_pkcs12(HOLDER, tmp_path / "own.p12")
    (pair,) = load_key_pairs((tmp_path / "own.p12").read_bytes(), password)
    assert pair.chain == (authority.credential(HOLDER).certificate, authority.root)


def test_private_keys_are_for_the_owner_alone(authority: Authority, folder: Path) -> None:
    """No file with a key or the password can be read by others."""
    authority.credential(HOLDER)
    secret: Callable[[Path], bool] = lambda path: path.suffix == ".password" or path.name.endswith(".key.pem")  # noqa: E731
    files = [path for path in (folder / "keys").iterdir() if secret(path)]
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
