"""The media type of an uploaded file: what the client says where that can be, else what its name says.

In come a header and a file name, out comes the type. Called by both kinds of upload. Reference §2.3.
"""

import mimetypes
from pathlib import PurePosixPath

_BY_ENDING = {
    "pdf": "application/pdf",
    "html": "text/html",
    "txt": "text/plain",
    "xml": "text/xml",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xltx": "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odf": "application/vnd.oasis.opendocument.formula",
    "odt": "application/vnd.oasis.opendocument.text",
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "json": "application/json",
    "zip": "application/zip",
}
# What libraries send by themselves, and what clients have been seen to send for every file alike.
_SAYS_NOTHING = frozenset(
    {
        "",
        "application/octet-stream",
        "binary/octet-stream",
        "application/x-www-form-urlencoded",
        "application/json",
        "text/plain",
    }
)
UNKNOWN = "application/octet-stream"


def media_type_of(declared: str, filename: str) -> str:
    """The type without its parameters."""
    plain = declared.partition(";")[0].strip().lower()
    if plain not in _SAYS_NOTHING and "/" in plain:
        return plain
    ending = PurePosixPath(filename).suffix.removeprefix(".").lower()
    by_name = _BY_ENDING.get(ending) or mimetypes.guess_type(filename)[0]
    return by_name or plain or UNKNOWN
