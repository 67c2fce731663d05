"""A made-up certificate authority, and the business certificates that it issues for the organisations of the sandbox.

Comes in: a folder and who wants a certificate; goes out: key pairs with the profile of a virksomhetssertifikat (RSA
2048, subject serialNumber = organisasjonsnummer), as objects, PEM or PKCS#12. Keys are made when first asked for and
kept in the folder, so that a sandbox started again in it is the same outside world. Nobody trusts its root unasked.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID, ObjectIdentifier

from gateway.keys import KeyPair

ROOT_NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "NO"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sandkasse"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Sandkasse rot"),
    ]
)
_POLICY = ObjectIdentifier("2.16.578.1.1.1.1.100")
_LIFETIME = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a certificate is for: nine digits and a name."""

    number: str
    name: str


class Authority:
    """The authority with everything it has issued. May be asked from any thread."""

    def __init__(self, folder: Path, *, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        self._lock = threading.Lock()
        self._held: dict[str, KeyPair] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._root_key = self._keep_key("root")
        self.root = self._keep_certificate("root", self._make_root)

    def credential(self, holder: Holder) -> KeyPair:
        """The key and the valid business certificate of `holder`, made the first time."""
        with self._lock:
            if holder.number not in self._held:
                key = self._keep_key(holder.number)
                certificate = self._keep_certificate(holder.number, lambda: self._issue(holder, key))
                self._held[holder.number] = KeyPair(key, (certificate,))
            return self._held[holder.number]

    def expired(self, holder: Holder) -> x509.Certificate:
        """A certificate for the same key that ran out yesterday."""
        key = self.credential(holder).key
        return self._issue(holder, key, until=self._now() - timedelta(days=1))

    def write_pkcs12(self, holder: Holder, path: Path) -> str:
        """Write key, certificate and root as PKCS#12 to `path`; returns the password, the same one each time."""
        pair = self.credential(holder)
        password = self._keep_password()
        content = pkcs12.serialize_key_and_certificates(
            holder.number.encode(),
            pair.key,
            pair.certificate,
            [self.root],
            serialization.BestAvailableEncryption(password.encode()),
        )
        _write_private(path, content)
        return password

    def write_root(self, path: Path) -> None:
        """Write the root certificate as PEM to `path`."""
        path.write_bytes(pem(self.root).encode())

    def _keep_key(self, name: str) -> rsa.RSAPrivateKey:
        path = self._folder / f"{name}.key.pem"
        if not path.exists():
            fresh = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            _write_private(path, _key_pem(fresh))
        # Written by ourselves, so the long check of an RSA key (0.1 s each) would only make every start slow.
        key = serialization.load_pem_private_key(path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{path} holds no RSA key")
        return key

    def _keep_certificate(self, name: str, make: Callable[[], x509.Certificate]) -> x509.Certificate:
        path = self._folder / f"{name}.cert.pem"
        if not path.exists():
            path.write_bytes(pem(make()).encode())
        return x509.load_pem_x509_certificate(path.read_bytes())

    def _keep_password(self) -> str:
        path = self._folder / "keystore.password"
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(24).encode())
        return path.read_text()

    def _make_root(self) -> x509.Certificate:
        public = self._root_key.public_key()
        builder = self._begin(ROOT_NAME, public, until=self._now() + 3 * _LIFETIME)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        return builder.sign(self._root_key, hashes.SHA256())

    def _issue(self, holder: Holder, key: rsa.RSAPrivateKey, *, until: datetime | None = None) -> x509.Certificate:
        builder = self._begin(_subject(holder), key.public_key(), until=until or self._now() + _LIFETIME)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(
            x509.CertificatePolicies([x509.PolicyInformation(_POLICY, None)]), critical=False
        )
        return builder.sign(self._root_key, hashes.SHA256())

    def _begin(self, subject: x509.Name, public: rsa.RSAPublicKey, *, until: datetime) -> x509.CertificateBuilder:
        """What a root and a leaf have in common; valid for thirty days already, also where it has run out."""
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root_key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ROOT_NAME)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(self._now(), until) - timedelta(days=30))
            .not_valid_after(until)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(issuer_key, critical=False)
        )


def pem(certificate: x509.Certificate) -> str:
    """The certificate as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _subject(holder: Holder) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NO"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, holder.name),
            x509.NameAttribute(NameOID.COMMON_NAME, holder.name),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, holder.number),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=not signs_certificates,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(path: Path, content: bytes) -> None:
    """Write what only the owner may read: the file has its mode before it has its content."""
    path.touch(mode=0o600)
    path.write_bytes(content)
