"""The XML documents of a container: what is signed, what is listed, who sends to whom; the signed one is also read.

In come packed files and parties, out come bytes in the form that the reference writes; or foreign bytes in, a
`Manifest` out. Called by `asice` and `opener`. Sources: ETSI EN 319 162-1 Annex A (ASiCManifest), OpenDocument 1.2
part 3 §4, eFormidling's document package (manifest.xml).
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from gateway.language import say
from gateway.message.identifiers import AUTHORITY
from gateway.packaging.records import ASICE, PackagedFile, PackageFault, Parties, distrust

ASIC_NAMESPACE = "http://uri.etsi.org/02918/v1.2.1#"
DSIG_NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
ODF_NAMESPACE = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
SHA256_URI = "http://www.w3.org/2001/04/xmlenc#sha256"
XML = "application/xml"

_READ_NAMESPACES = (ASIC_NAMESPACE, "http://uri.etsi.org/02918/v1.1.1#", "http://uri.etsi.org/2918/v1.2.1#")
_READ_DIGESTS = (SHA256_URI, "http://www.w3.org/2000/09/xmldsig#sha256")
_SIGNATURE_UNNAMED = "META-INF/signature.p7s"
_STANDALONE = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(frozen=True, slots=True)
class Listed:
    """What a manifest says of one file."""

    name: str
    mime: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the signature covers: `references` are URIs as written with their SHA-256."""

    signature_name: str
    references: tuple[tuple[str, bytes], ...]


def write_asic_manifest(signature_name: str, files: Iterable[Listed]) -> bytes:
    """The manifest that is signed: the digest of every data file, and which file holds the signature."""
    references = "".join(
        f'    <DataObjectReference URI="{_escape(file.name)}" MimeType="{_escape(file.mime)}">\n'
        f'        <ns2:DigestMethod Algorithm="{SHA256_URI}"/>\n'
        f"        <ns2:DigestValue>{base64.b64encode(file.sha256).decode()}</ns2:DigestValue>\n"
        "    </DataObjectReference>\n"
        for file in files
    )
    return (
        f'{_STANDALONE}<ASiCManifest xmlns="{ASIC_NAMESPACE}" xmlns:ns2="{DSIG_NAMESPACE}">\n'
        f'    <SigReference URI="{_escape(signature_name)}" MimeType="application/x-pkcs7-signature"/>\n'
        f"{references}</ASiCManifest>\n"
    ).encode()


def write_open_document_manifest(files: Iterable[Listed]) -> bytes:
    """The list of every data file with its media type; it is not signed."""
    entries = "".join(_write_entry(file.name, file.mime) for file in files)
    head = f'{_STANDALONE}<ns1:manifest xmlns:ns1="{ODF_NAMESPACE}">\n'
    return f"{head}{_write_entry('/', ASICE)}{entries}</ns1:manifest>\n".encode()


def write_root_manifest(parties: Parties, files: Sequence[PackagedFile]) -> bytes:
    """eFormidling's `manifest.xml`: recipient, sender, and the first file as the main document."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<manifest>\n'
        f"{_write_party('mottaker', parties.recipient)}{_write_party('avsender', parties.sender)}"
        f"{_write_main_document(files[0]) if files else ''}</manifest>\n"
    ).encode()


def read_manifest(xml: bytes) -> Manifest:
    """The signed manifest of a foreign container, read without entities, DTD or network; older namespaces too.

    `Untrusted` where it is none, or asks for another digest than SHA-256.
    """
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as fault:
        raise _no_manifest(say("it is no XML")) from fault
    if root.getroottree().docinfo.doctype:
        raise _no_manifest(say("it has a document type"))
    name = etree.QName(root)
    if name.localname != "ASiCManifest" or name.namespace not in _READ_NAMESPACES:
        raise _no_manifest(say("its root is {name}", name=name.localname))
    signature = root.find(f"{{{name.namespace}}}SigReference")
    if signature is None:
        raise _no_manifest(say("it names no signature"))
    objects = root.findall(f"{{{name.namespace}}}DataObjectReference")
    return Manifest(signature.get("URI", _SIGNATURE_UNNAMED), tuple(_read_reference(entry) for entry in objects))


def _write_entry(name: str, mime: str) -> str:
    return f'    <ns1:file-entry ns1:full-path="{_escape(name)}" ns1:media-type="{_escape(mime)}"/>\n'


def _write_party(role: str, identifier: str) -> str:
    return (
        f'   <{role}>\n      <organisasjon authority="{AUTHORITY}">{_escape(identifier)}</organisasjon>\n   </{role}>\n'
    )


def _write_main_document(file: PackagedFile) -> str:
    """The title is this literal in every package, whatever the document is called."""
    return (
        f'   <hoveddokument href="{_escape(file.name)}" mime="{_escape(file.mime)}">\n'
        '      <tittel lang="no">Hoveddokument</tittel>\n   </hoveddokument>\n'
    )


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def _read_reference(entry: etree._Element) -> tuple[str, bytes]:
    method = entry.find(f"{{{DSIG_NAMESPACE}}}DigestMethod")
    value = entry.findtext(f"{{{DSIG_NAMESPACE}}}DigestValue")
    uri = entry.get("URI")
    if method is None or value is None or uri is None:
        raise _no_manifest(say("a reference in it lacks its URI or digest"))
    if method.get("Algorithm") not in _READ_DIGESTS:
        raise distrust(PackageFault.ALGORITHM_REFUSED, say("a file is signed with another digest than SHA-256"))
    try:
        return uri, base64.b64decode("".join(value.split()), validate=True)
    except binascii.Error as fault:
        raise _no_manifest(say("a digest in it is no base64")) from fault


def _no_manifest(why: str) -> Exception:
    return distrust(PackageFault.NOT_ASICE, say("the container's ASiCManifest.xml cannot be read: {why}", why=why))
