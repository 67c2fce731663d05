"""Names and media types of the files in a package.

In come names as they were uploaded, out come faults for those that a package cannot carry, and the media type that
the container states. Called by `asice` before it packs, and by `unzip` for what others packed.
"""

from collections.abc import Iterable

from gateway.arkivmelding.filenames import folded, unsafe_reason
from gateway.errors import Fault, Invalid, Severity
from gateway.language import say
from gateway.message.identifiers import mask

METADATA_FOLDER = "META-INF/"
ROOT_MANIFEST = "manifest.xml"
MIMETYPE = "mimetype"

_UNTOLD = frozenset({"", "application/octet-stream"})
_OTHERWISE = "application/pdf"
_BY_EXTENSION = {
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eml": "message/rfc822",
    "gif": "image/gif",
    "gml": "application/gml+xml",
    "htm": "text/html",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "msg": "application/vnd.ms-outlook",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rtf": "application/rtf",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "txt": "text/plain",
    "wav": "audio/wav",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}


def mime_of(name: str, given: str | None) -> str:
    """The media type given, unless it says nothing: then that of the extension, and PDF where that is unknown too."""
    told = (given or "").strip()
    if told.lower() not in _UNTOLD and told.isascii() and told.isprintable():
        return told
    return _BY_EXTENSION.get(name.rpartition(".")[2].lower(), _OTHERWISE)


def check_names(names: Iterable[str]) -> None:
    """`Invalid` with every name that a package cannot carry: unsafe, the container's own, or there already."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for name in names:
        if reason := refusal_of(name) or (say("another file has the same name") if folded(name) in seen else ""):
            message = say("{name} cannot be packed: {reason}", name=show_name(name), reason=reason)
            faults.append(Fault("PACKAGE_NAME", Severity.ERROR, message))
        else:
            seen.add(folded(name))
    if faults:
        raise Invalid("a file name cannot be packed", mend="rename the file", code="BAD_FILENAME", faults=tuple(faults))


def show_name(name: str) -> str:
    """A name as it may stand in messages and logs: quoted, and its long digit runs hidden, for one may be a person's."""
    return repr(mask(name))


def show_raw(name: bytes) -> str:
    """The same for a name as it lies in a ZIP, whatever its bytes."""
    return show_name(name.decode(errors="replace"))


def refusal_of(name: str) -> str:
    """Why a data file may not have this name; empty when it may."""
    if not _is_text(name):
        return say("it is no valid text")
    if f"{folded(name)}/".startswith(METADATA_FOLDER.lower()) or folded(name) in {MIMETYPE, ROOT_MANIFEST}:
        return say("the container needs this name itself")
    return unsafe_reason(name)


def _is_text(name: str) -> bool:
    """Half a surrogate pair cannot be written as UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
