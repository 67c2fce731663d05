"""Which file names are safe to carry from one system to another, and how two are compared.

In come names as fagsystemer write them, out come reasons or comparable forms. Called by the rules, by intake and by
the receiving side. Source: contract §6.
"""

import unicodedata

from gateway.language import say

_RESERVED = frozenset({"arkivmelding.xml", "manifest.xml", "mimetype"})
_FORBIDDEN = frozenset("/\\:")
MAXIMUM_BYTES = 255


def normal(name: str) -> str:
    """The name in NFC, the form in which names are stored and compared."""
    return unicodedata.normalize("NFC", name)


def folded(name: str) -> str:
    """The form in which two names are twins: NFC, upper and lower case alike."""
    return unicodedata.normalize("NFC", normal(name).casefold())


def is_reserved(name: str) -> bool:
    """Whether the package needs this name itself."""
    return folded(name) in _RESERVED or folded(name).startswith("meta-inf/") or folded(name) == "meta-inf"


def unsafe_reason(name: str) -> str:
    """Why a name is refused; empty when it is safe."""
    if not name:
        return say("it is empty")
    if found := sorted(_FORBIDDEN.intersection(name)):
        return say("it holds {signs}", signs=" ".join(found))
    if any(unicodedata.category(mark) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for mark in name):
        return say("it holds an invisible control character")
    if len(normal(name).encode()) > MAXIMUM_BYTES:
        return say("it is longer than {most} bytes", most=MAXIMUM_BYTES)
    if name.startswith(".."):
        return say("it starts with two dots")
    if name[-1] in ". " or name[0] == " ":
        return say("it ends with a dot or has a blank at an end")
    return ""
