"""A small certificate authority for tests: keys of 2048 bits, made when they are asked for and kept for the whole run.

`make_authority` gives a root or an authority below one, `issue` a business certificate. Used by the tests of every room
that signs, encrypts or verifies.
"""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.keys import KeyPair

Authority = tuple[rsa.RSAPrivateKey, x509.Certificate]
NOW = datetime.now(UTC).replace(microsecond=0)
EARLIER, LATER = NOW - timedelta(days=365), NOW + timedelta(days=365)


@cache
def make_key(label: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The RSA key of this label; the same one each time, for making one takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def make_authority(
    name: str, *, above: Authority | None = None, constraints: bool = True, signs: bool = True
) -> Authority:
    """A root, or an authority issued by `above`; without `constraints` or `signs` it is one that may not issue."""
    key = make_key(f"authority {name}")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = begin(subject, above[1].subject if above else subject, key=key)
    builder = builder.add_extension(x509.BasicConstraints(ca=constraints, path_length=None), critical=True)
    builder = builder.add_extension(make_usage(authority=signs), critical=True)
    return key, builder.sign(above[0] if above else key, hashes.SHA256())


def issue(
    authority: Authority,
    organisation: str,
    name: str,
    *,
    not_before: datetime = EARLIER,
    not_after: datetime = LATER,
) -> KeyPair:
    """A business certificate (subject serialNumber = organisation) with its key; the chain ends at the authority."""
    key = make_key(f"holder {organisation} {name}")
    builder = begin(make_subject(organisation, name), authority[1].subject, key=key, span=(not_before, not_after))
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(make_usage(authority=False), critical=True)
    return KeyPair(key, (builder.sign(authority[0], hashes.SHA256()), authority[1]))


def make_subject(organisation: str, name: str) -> x509.Name:
    """The subject of a virksomhetssertifikat."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, organisation),
        ]
    )


def begin(
    subject: x509.Name,
    issuer: x509.Name,
    *,
    key: rsa.RSAPrivateKey,
    span: tuple[datetime, datetime] = (EARLIER, LATER),
) -> x509.CertificateBuilder:
    """A certificate that says nothing of its use yet, to be signed by whoever issues it."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def make_usage(*, authority: bool, signs: bool = True) -> x509.KeyUsage:
    """The key usage of an authority, or of a business certificate (that may not sign without `signs`)."""
    return x509.KeyUsage(
        digital_signature=not authority and signs,
        content_commitment=False,
        key_encipherment=not authority,
        data_encipherment=not authority,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def write_pem(certificate: x509.Certificate) -> bytes:
    """The certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def write_key(key: rsa.RSAPrivateKey) -> bytes:
    """The private key as PEM, without a password."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
