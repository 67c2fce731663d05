"""What the log of a test run must not hold, whatever the tests did: looked for when the run, or a part of it, is over."""

import re
from pathlib import Path

from tests.secrets import DOCUMENT_MARK, PERSON_NUMBER, SECRET_TITLE

_FORBIDDEN = {
    "a person number": re.compile(PERSON_NUMBER),
    "document content": re.compile(DOCUMENT_MARK),
    "a shielded title": re.compile(SECRET_TITLE),
    "a token": re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "a private key": re.compile(r"BEGIN [A-Z ]*PRIVATE KEY"),
    "the secret of a webhook": re.compile("whsec_"),
}


def look_through(folder: Path) -> list[str]:
    """What stands in the logs of this folder and must not, each with what stands before it."""
    found = []
    for log in sorted(folder.iterdir()):
        text = log.read_text(encoding="utf-8", errors="replace")
        for what, pattern in _FORBIDDEN.items():
            if hit := pattern.search(text):
                found.append(f"{log.name} holds {what}, after: {text[max(0, hit.start() - 300) : hit.start()]}")
    return found
