"""What is certainly meant by something that is only written otherwise: labels, dates, GUIDs, file names, element names.

In comes what stands there, out comes how it should be written, or None where it is right or nobody can know. Called by
the classes of faults, which call such a fault one of spelling, and by mending, which mends exactly those.
"""

import re
from collections.abc import Collection
from datetime import date

from gateway.arkivmelding.codes import NOARK, label_meant
from gateway.arkivmelding.content_model import ContentModel, local
from gateway.arkivmelding.reader import NAMESPACE
from gateway.arkivmelding.secrecy import speaks_of_secrecy

FILE_NAME = "referanseDokumentfil"
GUID = re.compile(r"\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?", re.ASCII)
_DATE_AND_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_BROKEN = re.compile(r"[ \t]*[\r\n\t]\s*")
# A name that a much copied template writes.
_OTHER_NAMES = {"meldingsId": "meldingId"}


def value_meant(name: str, type_name: str, *, text: str, model: ContentModel) -> str | None:
    """How the text of an element `name` of a simple type should be written."""
    if name == FILE_NAME:
        meant: str | None = _file_name(text)
    elif type_name == f"{{{NAMESPACE}}}GUID":
        meant = text.strip() if GUID.fullmatch(text.strip()) else None
    else:
        simple = model.simple_types.get(type_name)
        if simple is None:
            return None
        if simple.labels:
            meant = label_meant(local(type_name), text, labels=simple.labels, codes=NOARK)
        else:
            meant = _day(text) if simple.built_in == "date" else None
    return meant if meant != text else None


def name_meant(name: str, allowed: Collection[str]) -> str | None:
    """The child's name that is meant: the same in other case, or one that is known to be written so."""
    if name in allowed or speaks_of_secrecy(name):
        return None
    folded = name.casefold()
    same = [each for each in allowed if each.casefold() == folded]
    if len(same) == 1:
        return same[0]
    other = _OTHER_NAMES.get(name)
    return other if other in allowed else None


def _file_name(text: str) -> str:
    """The name with nothing around it, and a line break in it (which a pretty printer put there) as one blank."""
    return _BROKEN.sub(" ", text.strip())


def _day(text: str) -> str | None:
    """The day of a date with a time of day, where only the day is wanted."""
    found = _DATE_AND_TIME.fullmatch(text.strip())
    if not found:
        return None
    try:
        date.fromisoformat(found[1])
    except ValueError:
        return None
    return found[1]
