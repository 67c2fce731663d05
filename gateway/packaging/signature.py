"""Verifies a foreign detached CMS signature: attributes, value, and which certificates it was made with.

In come the signature and the bytes it is for, out come the signer's certificates, leaf first; whether they are
trusted is judged elsewhere (`keys.TrustRoots`). Called by `opener`. Sources: RFC 5652 §5.4 and §5.6, RFC 5035 §3, RFC
6211.
"""

import hashlib

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gateway.errors import Untrusted
from gateway.keys import CERTIFICATE_ERRORS
from gateway.language import say
from gateway.packaging.der import SET, write_element
from gateway.packaging.records import PackageFault, distrust

Chain = tuple[x509.Certificate, ...]

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - refused unless the settings accept it
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_LEAST_BITS = 2048
# What a parser of hostile bytes may throw: all of it means that the signature is none.
_UNREADABLE = (*CERTIFICATE_ERRORS, KeyError, IndexError, AttributeError, RecursionError)


def verify_detached(signature: bytes, content: bytes, *, accept_sha1: bool) -> Chain:
    """The signer's certificate and those that came along; `Untrusted` where the signature does not hold."""
    try:
        signed = cms.ContentInfo.load(signature, strict=True)["content"]
        signers = signed["signer_infos"]
        if len(signers) != 1:
            raise _invalid(say("it has {count} signers where one is expected", count=len(signers)))
        chain = _find_signer(signed, signers[0])
        digest = _read_digest_name(signers[0], accept_sha1=accept_sha1)
        _check_attributes(signers[0], hashlib.new(digest, content).digest(), leaf=chain[0])
        _check_value(signers[0], chain[0], digest=_HASHES[digest])
    except InvalidSignature as fault:
        other = say("its value was not made with the certificate's key")
        raise _invalid(other, PackageFault.KEY_MISMATCH) from fault
    except _UNREADABLE as fault:
        raise _invalid(say("it cannot be read")) from fault
    return chain


def _find_signer(signed: cms.SignedData, signer: cms.SignerInfo) -> Chain:
    certificates = [entry.chosen for entry in signed["certificates"] if entry.name == "certificate"]
    leaf = next((certificate for certificate in certificates if _is_signer(signer["sid"], certificate)), None)
    if leaf is None:
        raise _invalid(say("the signer's certificate is not in it"))
    others = (certificate for certificate in certificates if certificate is not leaf)
    return tuple(x509.load_der_x509_certificate(certificate.dump()) for certificate in (leaf, *others))


def _is_signer(identifier: cms.SignerIdentifier, certificate: "cms.Certificate") -> bool:
    if identifier.name == "subject_key_identifier":
        return bool(identifier.native == certificate.key_identifier)
    named = identifier.chosen
    same_number = named["serial_number"].native == certificate.serial_number
    return bool(same_number and named["issuer"] == certificate.issuer)


def _read_digest_name(signer: cms.SignerInfo, *, accept_sha1: bool) -> str:
    name = str(signer["digest_algorithm"]["algorithm"].native)
    if name not in _HASHES or (name == "sha1" and not accept_sha1):
        refused = say("the package is signed with {algorithm}, which is not accepted", algorithm=name)
        raise distrust(PackageFault.ALGORITHM_REFUSED, refused)
    return name


def _check_attributes(signer: cms.SignerInfo, digest: bytes, *, leaf: x509.Certificate) -> None:
    attributes = _read_attributes(signer)
    if attributes.get("content_type", core.Void()).native != "data":
        raise _invalid(say("it does not state that it is for plain data"))
    if attributes.get("message_digest", core.Void()).native != digest:
        other = say("it was made for another manifest, or the manifest was changed after it was signed")
        raise _invalid(other, PackageFault.MANIFEST_CHANGED)
    protection = attributes.get("cms_algorithm_protection")
    if protection is not None and not _states_same_algorithms(protection, signer):
        raise _invalid(say("its algorithms are not those that were signed"))
    certificate_ids = attributes.get("signing_certificate_v2")
    if certificate_ids is not None and not _names(certificate_ids, leaf):
        raise _invalid(say("it names another certificate than the one it carries"))


def _read_attributes(signer: cms.SignerInfo) -> dict[str, core.Asn1Value]:
    """Each signed attribute by name: present once, with one value (RFC 5652 §11)."""
    found: dict[str, core.Asn1Value] = {}
    for attribute in signer["signed_attrs"]:
        name = attribute["type"].native
        if name in found or len(attribute["values"]) != 1:
            raise _invalid(say("its attribute {name} stands there twice", name=name))
        found[name] = attribute["values"][0]
    return found


def _states_same_algorithms(protection: cms.CMSAlgorithmProtection, signer: cms.SignerInfo) -> bool:
    return all(
        protection[field]["algorithm"].dotted == signer[field]["algorithm"].dotted
        for field in ("digest_algorithm", "signature_algorithm")
    )


def _names(certificate_ids: tsp.SigningCertificateV2, leaf: x509.Certificate) -> bool:
    first = certificate_ids["certs"][0]
    return bool(first["cert_hash"].native == leaf.fingerprint(_HASHES[first["hash_algorithm"]["algorithm"].native]))


def _check_value(signer: cms.SignerInfo, leaf: x509.Certificate, *, digest: hashes.HashAlgorithm) -> None:
    key = leaf.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _LEAST_BITS:
        refused = say("the signer's key is no RSA key of at least {bits} bits", bits=_LEAST_BITS)
        raise distrust(PackageFault.ALGORITHM_REFUSED, refused)
    algorithm = signer["signature_algorithm"]
    scheme: padding.AsymmetricPadding = padding.PKCS1v15()
    if algorithm.signature_algo == "rsassa_pss":
        parameters = algorithm["parameters"]
        mask = _HASHES[parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native]
        scheme = padding.PSS(padding.MGF1(mask), parameters["salt_length"].native)
    signed = write_element(SET, signer["signed_attrs"].contents)
    key.verify(signer["signature"].native, signed, scheme, digest)


def _invalid(why: str, code: PackageFault = PackageFault.SIGNATURE_INVALID) -> Untrusted:
    return distrust(code, say("the package's signature does not hold: {why}", why=why))
