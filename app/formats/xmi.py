"""XMI in: the feature structures of one CAS, read without what XML lets a file do to its reader."""

import re
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from app.core.errors import InvalidFile, InvalidJson, TooLarge
from app.formats.values import Values

MAX_DEPTH = 8
MAX_VALUES = 3_000_000
"""How many structures, features of theirs and strings of their lists are kept of an XMI.

Each may take 270 bytes of memory and as few as four of a file, which a zip packs to next to
nothing. An annotation of Stet's has a dozen, so that a document has 250,000. Of tokens and the like
nothing is kept.
"""
MAX_NAMES = 30_000
"""How many names elements and features may have: the parser keeps each, with what it passes over.

A scheme has 200 labels of a hundred attributes each at most.
"""

_SOFA = "uima.cas.Sofa"
_VIEW = "uima.cas.View"
STRINGS = "uima.cas.StringArray"
_ARRAYS = re.compile(r"uima\.cas\.\w+(Array|List)")
_UKP = "de.tudarmstadt.ukp."
_DKPRO = f"{_UKP}dkpro.core.api."
_NAMED_ENTITIES = f"{_DKPRO}ner.type."
_METADATA = f"{_DKPRO}metadata.type.DocumentMetaData"
_KEPT = {_SOFA, _VIEW, _METADATA}
# The text's own cut and what tools keep beside it: tokens, sentences, parts of speech, tag sets.
_PASSED_OVER = (
    "uima.",
    *(f"{_DKPRO}{kind}.type." for kind in ("segmentation", "lexmorph", "syntax", "metadata")),
    f"{_UKP}clarin.webanno.api.type.",
)
_WORD = re.compile(r"\S+")
_XMI_ID = "http://www.omg.org/XMI id"


@dataclass(frozen=True, slots=True)
class Structure:
    """A feature structure."""

    type: str
    """With its namespace, as ``webanno.custom.Claim``."""
    id: str
    line: int
    features: dict[str, str]
    """The features that are one value or reference, each as it is written."""
    lists: dict[str, list[str]] = field(default_factory=dict)
    """The features whose strings are elements."""


class Malformed(Exception):
    """The document is no XMI; others of its archive may be."""

    def __init__(self, line: int, detail: str) -> None:
        self.line = line
        self.detail = detail


class Cas:
    """What of a CAS bears on Stet."""

    def __init__(self, content: bytes) -> None:
        """Reads an XMI.

        Raises:
            InvalidFile: when it declares a document type or entities: such a file is made to do
                harm, or is of no tool that writes XMI.
            Malformed: when it is no XML, or no XMI.
        """
        self.sofas: list[Structure] = []
        self.metadata: Structure | None = None
        self.structures: list[Structure] = []
        """Those of the index: what is in none was deleted, or is but a part of another."""
        self.arrays: dict[str, Structure] = {}
        """Arrays and lists that stand by themselves, by the ids that features name them with."""
        self._members: list[str] = []
        self._open: Structure | None = None
        self._words: list[str] = []
        self._depth = 0
        self._kept = 0
        self._values = Values()
        self._names: dict[str, str] = {}
        parser = self._parser = expat.ParserCreate(namespace_separator=" ", intern=self._names)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refused
        parser.EntityDeclHandler = self._refused
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._words.append
        try:
            parser.Parse(content, True)
        except expat.ExpatError as error:
            raise Malformed(error.lineno, f"This is no XML: {error}.") from None
        # Python's own look-up of an encoding that the declaration makes up.
        except (LookupError, UnicodeError, ValueError) as error:
            raise Malformed(1, f"The XML cannot be read: {error}.") from None
        self._leave_out()

    def _leave_out(self) -> None:
        """Only what the views name is in an index.

        Where they name nothing a file was made by hand, and all of it is taken: what UIMA writes is
        indexed, or belongs to what is.
        """
        if not any(map(str.strip, self._members)):
            return
        # Most of the ids may be of tokens and the like, of which nothing is kept.
        known = {it.id for it in self.structures}
        indexed = {
            word[0] for text in self._members for word in _WORD.finditer(text) if word[0] in known
        }
        self.structures = [it for it in self.structures if it.id in indexed]

    def references(self) -> set[tuple[str, str]]:
        """The types and features whose every value is the id of one of the arrays.

        An XMI does not say which values are references; that a number or a word looks like one is
        chance, and does not happen wherever it stands.
        """
        if not self.arrays:
            return set()
        found: dict[tuple[str, str], bool] = {}
        for it in self.structures:
            for name, value in it.features.items():
                found[it.type, name] = found.get((it.type, name), True) and value in self.arrays
        return {feature for feature, refers in found.items() if refers}

    def parsed(self, structure: Structure, name: str) -> Any:
        """The JSON that a feature of Stet's holds; None where it is not there.

        Raises:
            Malformed: when it is no JSON, or with it the document has too many values.
        """
        written = structure.features.get(name)
        if written is None:
            return None
        try:
            return self._values.parse(written.encode())
        except (InvalidJson, TooLarge) as problem:
            detail = f"The feature {name}: {problem.detail}"
            raise Malformed(structure.line, detail) from None

    def _refused(self, *declaration: object) -> None:  # noqa: ARG002  # the parser's arguments
        raise InvalidFile("An XMI declares a document type or entities, and none of UIMA's does.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._words.clear()
        line = self._parser.CurrentLineNumber
        if self._depth > MAX_DEPTH:
            raise Malformed(line, f"The XML is nested deeper than {MAX_DEPTH}.")
        if self._depth == 1 and name != "http://www.omg.org/XMI XMI":
            raise Malformed(line, "This is XML, but no XMI.")
        if len(self._names) > MAX_NAMES:
            raise Malformed(line, f"The XML has more than {MAX_NAMES} names.")
        if self._depth == 2:
            type = _type(name)
            self._open = None if _is_passed_over(type) else self._structure(type, line, attributes)
        elif self._depth == 3 and self._open is not None:
            self._count(1, line)

    def _structure(self, type: str, line: int, features: dict[str, str]) -> Structure:
        id = features.pop(_XMI_ID, "")
        self._count(1 + len(features), line)
        return Structure(type, id, line, features)

    def _count(self, more: int, line: int) -> None:
        self._kept += more
        if self._kept > MAX_VALUES:
            raise Malformed(
                line,
                f"The XMI has more than {MAX_VALUES} structures, features and strings in lists.",
            )

    def _end(self, name: str) -> None:
        if self._depth == 3 and self._open is not None:
            self._open.lists.setdefault(name, []).append("".join(self._words))
        elif self._depth == 2 and self._open is not None:
            self._keep(self._open)
        self._words.clear()
        self._depth -= 1

    def _keep(self, structure: Structure) -> None:
        type = structure.type
        if type == _SOFA:
            self.sofas.append(structure)
        elif type == _METADATA:
            self.metadata = structure
        elif type == _VIEW:
            self._members.append(structure.features.get("members", ""))
        elif _ARRAYS.fullmatch(type):
            self.arrays[structure.id] = structure
        else:
            self.structures.append(structure)


def is_of_dkpro(type: str) -> bool:
    """Whether a layer is one of DKPro's, and not of its named entities."""
    return type.startswith(_UKP) and not type.startswith(_NAMED_ENTITIES)


def _is_passed_over(type: str) -> bool:
    return type.startswith(_PASSED_OVER) and type not in _KEPT and not _ARRAYS.fullmatch(type)


def _type(name: str) -> str:
    """A type's name from its element's: ``http:///webanno/custom.ecore Claim``."""
    namespace, _, local = name.rpartition(" ")
    package = namespace.removeprefix("http:///").removesuffix(".ecore").replace("/", ".")
    return f"{package}.{local}".removeprefix("uima.noNamespace.")
