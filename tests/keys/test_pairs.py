"""Key files as operators have them: what is read, what is said of those that cannot be."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from gateway.errors import MustAct, SetupFault, Untrusted
from gateway.keys import KeyPair, KeyRing, load_key_pairs, organisation_of, read_certificate
from tests.certificates import (
    EARLIER,
    LATER,
    NOW,
    Authority,
    begin,
    issue,
    make_authority,
    make_key,
    make_usage,
    write_key,
    write_pem,
)

PASSWORD = "et passord med æøå"


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Who issues."""
    return make_authority("Testrot")


@pytest.fixture(scope="session")
def pair(authority: Authority) -> KeyPair:
    """A business certificate with its key."""
    return issue(authority, "311000012", "Avsender kommune")


def write_pkcs12(pair: KeyPair, *, others: list[x509.Certificate], password: str | None) -> bytes:
    """A store as `openssl pkcs12 -export` makes it."""
    lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return pkcs12.serialize_key_and_certificates(b"alias", pair.key, pair.certificate, others, lock)


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_pkcs12_is_read_with_its_chain(pair: KeyPair, password: str | None) -> None:
    """Leaf first, its issuer after it."""
    store = write_pkcs12(pair, others=[pair.chain[1]], password=password)
    (read,) = load_key_pairs(store, password)
    assert read.key.private_numbers() == pair.key.private_numbers()
    assert read.chain == pair.chain
    assert read.certificate == pair.certificate
    assert read.organisation == "311000012"


def test_pem_is_read_in_any_order_and_with_several_keys(authority: Authority, pair: KeyPair) -> None:
    """A renewal is put into the same file; a key that was kept for it makes two pairs."""
    newer = issue(authority, "311000012", "Avsender kommune", not_before=NOW - timedelta(days=5))
    other = issue(authority, "311000020", "Mottaker direktorat")
    bundle = (authority[1], newer.certificate, pair.certificate, other.certificate)
    data = b"".join(write_pem(certificate) for certificate in bundle) + write_key(pair.key) + write_key(other.key)
    read = load_key_pairs(data, None)
    assert [found.certificate for found in read] == [newer.certificate, pair.certificate, other.certificate]
    assert {found.chain[1:] for found in read} == {(authority[1],)}


def test_a_locked_pem_key_is_opened(pair: KeyPair) -> None:
    """The password is for the keys that have one."""
    locked = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode()))
    assert load_key_pairs(locked + write_pem(pair.certificate), PASSWORD)[0].certificate == pair.certificate
    assert load_key_pairs(write_key(pair.key) + write_pem(pair.certificate), PASSWORD)
    with pytest.raises(SetupFault, match="password is wrong or missing"):
        load_key_pairs(locked + write_pem(pair.certificate), None)


def test_what_is_wrong_with_a_key_file_is_said(authority: Authority, pair: KeyPair) -> None:
    """A sentence for each, and no secret in any of them."""
    store = write_pkcs12(pair, others=[], password=PASSWORD)
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    short = make_key("kort", 1024)
    faults = {
        "password is wrong or missing": (store, "feil"),
        "PKCS#12 key file does not open": (b"hva som helst", None),
        "Java keystore": (b"\xfe\xed\xfe\xed\0\0\0\2", PASSWORD),
        "no private key": (write_pem(pair.certificate), None),
        "no certificate that belongs to it": (write_key(pair.key) + write_pem(authority[1]), None),
        "is not RSA": (curve + write_pem(pair.certificate), None),
        "1024 bits": (write_key(short) + write_pem(pair.certificate), None),
        "a certificate in the key file": (write_key(pair.key) + b"-----BEGIN CERTIFICATE-----\nxx\n", None),
    }
    for sentence, (data, password) in faults.items():
        with pytest.raises(SetupFault, match=sentence) as caught:
            load_key_pairs(data, password)
        assert PASSWORD not in caught.value.message + caught.value.mend


def test_a_certificate_is_read_from_text_or_bytes(pair: KeyPair) -> None:
    """As the ServiceRegistry hands it out."""
    pem = write_pem(pair.certificate)
    assert read_certificate(pem) == read_certificate(pem.decode()) == pair.certificate
    with pytest.raises(Untrusted) as caught:
        read_certificate("-----BEGIN CERTIFICATE-----\nnei\n-----END CERTIFICATE-----")
    assert caught.value.code == "UNREADABLE_CERTIFICATE"
    assert caught.value.must_act is MustAct.RECIPIENT


@pytest.mark.parametrize(
    ("oid", "value", "expected"),
    [
        (NameOID.SERIAL_NUMBER, "311000012", "311000012"),
        (NameOID.ORGANIZATION_IDENTIFIER, "NTRNO-311000012", "311000012"),
        (NameOID.SERIAL_NUMBER, "12345", None),
        (NameOID.ORGANIZATION_IDENTIFIER, "NTRSE-311000012", None),
        (NameOID.ORGANIZATION_NAME, "311000012", None),
    ],
)
def test_the_organisation_stands_in_one_of_two_places(
    authority: Authority, oid: x509.ObjectIdentifier, value: str, expected: str | None
) -> None:
    """The older profile has it in serialNumber, the newer in organizationIdentifier."""
    subject = x509.Name([x509.NameAttribute(oid, value)])
    certificate = begin(subject, authority[1].subject, key=make_key("noen")).sign(authority[0], SHA256())
    assert organisation_of(certificate) == expected


def test_the_newest_valid_pair_signs(authority: Authority, pair: KeyPair) -> None:
    """Not the one that has run out, nor the one that begins tomorrow, nor the one that is for encryption."""
    newer = issue(authority, "311000012", "Avsender kommune", not_before=NOW - timedelta(days=5))
    expired = issue(authority, "311000012", "Avsender kommune", not_after=NOW - timedelta(days=1))
    future = issue(authority, "311000012", "Avsender kommune", not_before=NOW + timedelta(days=1))
    key = make_key("kryptering")
    builder = begin(pair.certificate.subject, authority[1].subject, key=key, span=(NOW - timedelta(days=1), LATER))
    builder = builder.add_extension(make_usage(authority=False, signs=False), critical=True)
    encrypting = KeyPair(key, (builder.sign(authority[0], SHA256()),))
    ring = KeyRing([pair, newer, expired, future, encrypting])
    assert ring.signing(NOW) == newer
    assert ring.signing(NOW + timedelta(days=2)) == future
    assert ring.pairs == (pair, newer, expired, future, encrypting)


def test_without_a_valid_pair_it_is_said_until_when_there_was_one(authority: Authority) -> None:
    """Somebody must order a new certificate; the dates say which."""
    expired = issue(authority, "311000012", "Avsender kommune", not_after=NOW - timedelta(days=1))
    with pytest.raises(SetupFault, match=f"{EARLIER:%Y-%m-%d} to {NOW - timedelta(days=1):%Y-%m-%d}"):
        KeyRing([expired]).signing(NOW)
    with pytest.raises(SetupFault, match="none is for signing"):
        KeyRing([]).signing(NOW)
