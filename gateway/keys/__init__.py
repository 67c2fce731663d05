"""Keys and certificates: our own, those that are trusted, and the keys that seal documents at rest.

In come files as operators have them (PKCS#12, PEM); out come key pairs, trust roots and a sealer. Called by every
room that signs, decrypts, verifies or stores. `pairs` is our own identity, `trust` judges others', `sealing` the
documents.
"""

from gateway.keys.pairs import (
    CERTIFICATE_ERRORS,
    KeyPair,
    KeyRing,
    load_key_pairs,
    may_sign,
    organisation_of,
    read_certificate,
)
from gateway.keys.sealing import (
    DocumentSealer,
    SealingKey,
    create_sealing_key,
    load_or_create_sealing_keys,
    load_sealing_keys,
    read_sealing_key,
    sealing_key_files,
)
from gateway.keys.trust import CertificateFault, TrustRoots, load_roots

__all__ = [
    "CERTIFICATE_ERRORS",
    "CertificateFault",
    "DocumentSealer",
    "KeyPair",
    "KeyRing",
    "SealingKey",
    "TrustRoots",
    "create_sealing_key",
    "load_key_pairs",
    "load_or_create_sealing_keys",
    "load_roots",
    "load_sealing_keys",
    "may_sign",
    "organisation_of",
    "read_certificate",
    "read_sealing_key",
    "sealing_key_files",
]
