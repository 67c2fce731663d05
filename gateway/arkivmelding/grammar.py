"""One XSD, ready for use: compiled by libxml2 for the verdict, read by xmlschema for the explanation.

In come the bytes of the schema files and the edits that make a profile; nothing is read from disk or fetched. Called by
`schema`. Safe between threads: libxml2's error log belongs to the compiled schema, so each thread compiles its own.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from gateway.errors import SetupFault
from gateway.language import say

# Compiling with a resolver switches a loader that libxml2 has only once in a process: two threads at it have crashed.
_COMPILING = threading.Lock()
# A document that is parsed in another thread borrows that loader for a moment too, and puts back what it found: what a
# schema imports is then looked for in vain. The next try finds it.
_TRIES = 5

if TYPE_CHECKING:
    from lxml.etree._docloader import _InputDocument

    from gateway.arkivmelding.content_model import ContentModel

# lxml writes a path for each error by counting elder brothers: with very many elements that takes the square of their
# number, hours in the end. So large documents are first validated as a stream, which writes none and can be stopped.
LARGE = 10_000
# The rule of every fault of an XSD.
RULE = "XSD"
XSD = "http://www.w3.org/2001/XMLSchema"
_PIECE = 8 * 1024
_is_large = etree.XPath(f"boolean(/descendant::*[{LARGE}])")


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to a schema: in a complex type, for one of its elements ("" is the type itself), these attributes."""

    type_name: str
    element: str
    attributes: Mapping[str, str]


class Grammar:
    """One schema with what it imports. `main` is the name of the file that declares the root."""

    def __init__(self, files: Mapping[str, bytes], main: str, *, edits: Sequence[Edit] = ()) -> None:
        self._files, self._main, self._edits = files, main, edits
        self._threads = threading.local()
        self._lock = threading.Lock()
        self._model: ContentModel | None = None

    def is_valid(self, root: etree._Element) -> bool:
        """The verdict of libxml2, as it is."""
        if self.is_large(root):
            return self.read_until(1, etree.tostring(root, with_tail=False)) is None
        return self._compiled().validate(root)

    def errors(self, root: etree._Element) -> Sequence[etree._LogEntry]:
        """The errors of libxml2, with paths."""
        compiled = self._compiled()
        compiled.validate(root)
        return tuple(compiled.error_log)

    def read_until(self, errors: int, xml: bytes) -> int | None:
        """How many bytes of the document hold so many errors; None where the whole of it holds fewer."""
        parser = etree.XMLParser(schema=self._compiled(), resolve_entities=False, no_network=True)
        for end in range(_PIECE, len(xml) + _PIECE, _PIECE):
            parser.feed(xml[end - _PIECE : end])
            if len(parser.feed_error_log) >= errors:
                return end
        return None

    @staticmethod
    def is_large(root: etree._Element) -> bool:
        """Whether the document has so many elements that errors must not be given paths."""
        return bool(_is_large(root))

    def model(self) -> "ContentModel":
        """What may stand where; an empty model where xmlschema fails: a fault is then explained less well, not lost."""
        with self._lock:
            if self._model is None:
                self._model = self._read_model()
            return self._model

    def _read_model(self) -> "ContentModel":
        main = self._parse()
        names = [str(each.attrib.pop("schemaLocation")) for each in main.iterchildren(f"{{{XSD}}}import")]
        imported = (etree.fromstring(self._files[name]) for name in names)
        texts = [etree.tostring(root, encoding="unicode") for root in (main, *imported)]
        # Loaded here, for it takes longer to load what explains a fault than to check a document.
        from gateway.arkivmelding.content_model import ContentModel

        try:
            from gateway.arkivmelding.model_reader import read_model

            return read_model(*texts)
        except Exception:  # xmlschema raises KeyError, OverflowError and others of its own
            return ContentModel()

    def _compiled(self) -> etree.XMLSchema:
        try:
            compiled: etree.XMLSchema = self._threads.compiled
        except AttributeError:
            compiled = self._threads.compiled = self._compile()
        return compiled

    def _compile(self, tries: int = _TRIES) -> etree.XMLSchema:
        try:
            with _COMPILING:
                return etree.XMLSchema(self._parse())
        except (etree.XMLSchemaParseError, etree.XMLSyntaxError) as fault:
            if tries > 1:
                return self._compile(tries - 1)
            raise SetupFault(
                say("the schema {name} cannot be used: {reason}", name=self._main, reason=str(fault)),
                mend="Install the gateway again; its schemas have been changed or cut off.",
            ) from fault

    def _parse(self) -> etree._Element:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        parser.resolvers.add(_HandedIn(self._files))
        root = etree.fromstring(self._files[self._main], parser)
        for edit in self._edits:
            _apply(edit, root)
        return root


class _HandedIn(etree.Resolver):
    """Answers every request for a file from the bytes that were handed in; what is not among them is empty."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__()
        self._files = files

    def resolve(self, system_url: str | None, /, *rest: object) -> "_InputDocument | None":
        """The file of that very name. The last of the rest is lxml's own context."""
        return self.resolve_string(self._files.get(system_url or "", b""), rest[-1])


def _apply(edit: Edit, root: etree._Element) -> None:
    target = root.find(f"{{{XSD}}}complexType[@name='{edit.type_name}']")
    if target is not None and edit.element:
        target = target.find(f".//{{{XSD}}}element[@name='{edit.element}']")
    if target is None:
        raise SetupFault(
            say("the schema has no {type}/{element}", type=edit.type_name, element=edit.element),
            mend="Install the gateway again; its schemas have been changed.",
        )
    target.attrib.update(dict(edit.attributes))
