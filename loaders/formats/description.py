"""What one document states: assets, relations and attributes, each with its place, and what was not understood."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NoReturn, TypeAlias

from stratagraph.loaders.file_faults import Fault, quote
from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.identities import identify_model
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.secrets import has_token, is_person, is_secret, without_secrets
from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.loaders.inventory.written_values import literal
from stratagraph.loaders.origins import Place, Remark
from stratagraph.ontology.facts import XSD_STRING, Fact, Iri, Literal, Term
from stratagraph.ontology.identity import LONGEST_IRI, mint
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG, XSD, local_name

_WHOLE: Final = frozenset({XSD.integer, XSD.nonNegativeInteger, XSD.positiveInteger})
_FORMS: Final = {
    **dict.fromkeys(_WHOLE, re.compile(r"[-+]?\d+")),
    XSD.decimal: re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)"),
    XSD.double: re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?|[-+]?INF|NaN"),
    XSD.boolean: re.compile(r"true|false|1|0"),
    XSD.dateTime: re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)?"),
    XSD.date: re.compile(r"-?\d{4,}-\d\d-\d\d(Z|[-+]\d\d:\d\d)?"),
}
"""What a value of a datatype looks like; what does not was not understood: no reason to refuse the rest."""
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_LONGEST_ESCAPE: Final = 4
"""Bytes of the longest character in UTF-8."""

Stated: TypeAlias = str | int | Decimal | bool
Value: TypeAlias = Stated | None


class Description:
    """Collects what one document states; a format calls its methods and keeps nothing itself."""

    def __init__(self, document: Document, *, model: OntologyModel, base: Iri) -> None:
        """Describe a document in the terms of ``model``, with assets below ``base``."""
        self.document = document
        self.ontology = model
        self.base = base
        self.facts: dict[Fact, Path] = {}
        """Each fact with the path of the value that says so; the first one counts."""
        self.not_understood: Counter[str] = Counter()
        self.remarks: list[Remark] = []
        self._faults: list[Fault] = []
        self.parts: list[Description] = []
        """What further documents state that this one takes in."""
        self._minted: dict[tuple[Iri, tuple[str | None, ...]], Iri] = {}
        self._texts: dict[tuple[Iri, str], Literal] = {}
        """The literals of the texts that were stated: the same few values come again and again."""

    def of(self, document: Document) -> Description:
        """Return where to state what another document says that this one takes in."""
        if document is self.document:
            return self
        part = next((part for part in self.parts if part.document is document), None)
        if part is None:
            part = Description(document, model=self.ontology, base=self.base)
            self.parts.append(part)
        return part

    def whole(self) -> tuple[Fact, ...]:
        """Return the facts of the document and of all that it takes in."""
        facts = {**self.facts, **{fact: path for part in self.parts for fact, path in part.facts.items()}}
        implied = self._implied(facts)
        return tuple(fact for fact in facts if fact not in implied) if implied else tuple(facts)

    def _implied(self, facts: Iterable[Fact]) -> set[Fact]:
        """Return the classes of assets that follow from narrower ones: a file may name a model before it says more."""
        classes: dict[Iri, list[Fact]] = {}
        for fact in facts:
            if fact.predicate == RDF.type:
                classes.setdefault(fact.subject, []).append(fact)
        return {
            fact
            for several in classes.values()
            if len(several) > 1
            for fact in several
            if any(self._is_wider(str(fact.object), str(other.object)) for other in several)
        }

    def _is_wider(self, cls: Iri, than: Iri) -> bool:
        # Equivalent classes lie above each other, and neither is the wider one.
        return cls in self.ontology.ancestors(than) and than not in self.ontology.ancestors(cls)

    def asset(self, kind: Iri, *key: str | None, at: Path = (), **extra: Value) -> Iri:
        """Return the asset of a class with these parts of its key, in their order; state its class, key and ``extra``.

        ``extra`` are attributes or relations by their local names.

        Raises:
            MalformedDocument: the first part is missing, too long or a secret.
        """
        known = kind, key
        iri = self._minted.get(known)
        if iri is None:
            iri = self._minted[known] = self._mint(kind, key, at)
        for name, value in extra.items():
            self.state(iri, SG.term(name), value, at)
        return iri

    def _mint(self, kind: Iri, key: tuple[str | None, ...], at: Path) -> Iri:
        names = self.ontology.classes[kind].key_properties
        given = zip(names, key, strict=False)
        parts = {name: bare for name, part in given if part and (bare := part.strip())}
        if names[0] not in parts:
            self.fault(at, f"what stands here has no name, and a '{local_name(kind)}' is known by it.")
        for part in parts.values():
            if is_secret(part):
                self.fault(at, "a secret stands where a name belongs; take it out, and replace it wherever it is used.")
            if not _is_storable(part):
                self.fault(at, "a name has half a character or a zero in it; correct it.")
        iri = mint(self.ontology, kind, parts, self.base)
        if len(iri) * _LONGEST_ESCAPE > LONGEST_IRI and len(iri.encode()) > LONGEST_IRI:
            shown = quote(next(iter(parts.values())))
            self.fault(at, f"The key {shown} is too long: an IRI has at most {LONGEST_IRI:,} bytes. Shorten it.")
        self.facts.setdefault(Fact(iri, RDF.type, kind), at)
        for name, part in parts.items():
            self.facts.setdefault(Fact(iri, name, Literal(part)), at)
        return iri

    def model(
        self,
        name: str | None = None,
        *,
        kind: Iri = SG.BaseModel,
        provider: str | None = None,
        purl: str | None = None,
        repository: str | None = None,
        at: Path = (),
    ) -> Iri:
        """Return a model by its strongest key, the one that telemetry has for it; state the keys that it has as well.

        ``provider`` is stated as the one that provides it; the way before a name, as in ``azure/gpt-4o``, as a route.

        Raises:
            MalformedDocument: nothing names it, or a secret stands where a name belongs.
        """
        found = identify_model(name=(name or "").strip(), package=purl or "", repository=repository or "")
        iri = self.asset(kind, found.name if found else None, at=at)
        if found is not None:
            for attribute, value in found.witnesses.items():
                self.state(iri, attribute, value, at)
            if found.route:
                self.state(iri, SG.requestRoute, found.route, at)
        if provider and (current := load_meanings().provider(provider)):
            self.state(iri, SG.providedBy, self.asset(SG.Provider, current, at=at), at)
        return iri

    def state(self, subject: Iri, predicate: Iri, value: Value, at: Path = ()) -> None:
        """State a relation, an attribute or a text; nothing where the value is missing or a person's address.

        A value that is none of the attribute's datatype is counted as not understood.

        Raises:
            MalformedDocument: the value has the shape of a secret.
        """
        if value is None or value == "":
            return
        if predicate in self.ontology.relations or predicate == RDF.type:
            self.facts.setdefault(Fact(subject, predicate, str(value)), at)
            return
        term = self._literal(predicate, value, at)
        if term is not None:
            self.facts.setdefault(Fact(subject, predicate, term), at)

    def text(self, subject: Iri, predicate: Iri, value: str | None, language: str, at: Path = ()) -> None:
        """State a text in a language, as a label may be.

        Raises:
            MalformedDocument: the text has a secret in it.
        """
        if value and value.strip():
            self._refuse_token(value, at)
            self.facts.setdefault(Fact(subject, predicate, Literal(value.strip(), language=language.lower())), at)

    def _literal(self, predicate: Iri, value: Stated, at: Path) -> Term | None:
        if not isinstance(value, str):
            return self._of_datatype(predicate, value, at)
        found = self._texts.get((predicate, value))
        if found is None:
            self._refuse_token(value, at)
            if is_person(value) or not value.strip():
                return None
            found = self._of_datatype(predicate, value, at)
            if found is not None:
                self._texts[predicate, value] = found
        return found

    def _refuse_token(self, text: str, at: Path) -> None:
        if has_token(text):
            self.fault(at, "a secret stands here; take it out, and replace it wherever it is used.")

    def _of_datatype(self, predicate: Iri, value: Stated, at: Path) -> Literal | None:
        """Return the literal of a value, None where it is none of the attribute's datatype, which is counted."""
        datatype = self._datatype(predicate)
        if datatype == XSD_STRING and isinstance(value, str):
            found = Literal(value.strip())
        else:
            found = literal(written(value, datatype), datatype)
        form = _FORMS.get(datatype)
        if (form and not form.fullmatch(found.value)) or not _is_storable(found.value):
            self.unread(shown(at))
            return None
        return found

    def _datatype(self, predicate: Iri) -> Iri:
        info = self.ontology.attributes.get(predicate)
        return (info.datatype if info else None) or XSD_STRING

    def is_value(self, predicate: Iri, text: str) -> bool:
        """Whether a text is a value of an attribute's datatype, as far as formats have such."""
        datatype = self._datatype(predicate)
        form = _FORMS.get(datatype)
        return form is None or form.fullmatch(literal(text, datatype).value) is not None

    def unread(self, path: str) -> None:
        """Count something that was read and not understood, by its path with ``[]`` for the numbers in lists."""
        self.not_understood[without_secrets(path)] += 1

    def remark(self, kind: str, at: Path = (), **told: object) -> None:
        """Tell the author what may not be meant, by the name of its text in ``loaders/remarks.json``."""
        shown_of = {name: without_secrets(value) if isinstance(value, str) else value for name, value in told.items()}
        self.remarks.append(Remark.of(self.place(at), kind, **shown_of))

    def fault(self, at: Path, reason: str) -> NoReturn:
        """Refuse the document for what stands at a path.

        Raises:
            MalformedDocument: always.
        """
        fault = self._fault(at, reason)
        raise MalformedDocument(file=fault.file, line=fault.line, reason=fault.reason)

    def note_fault(self, at: Path, reason: str) -> None:
        """Remember what stands wrongly at a path, so that it is told together with the others."""
        self._faults.append(self._fault(at, reason))

    def refuse(self) -> None:
        """Refuse the document for the faults that were noted.

        Raises:
            MalformedDocument: there are any.
        """
        if self._faults:
            raise MalformedDocument.of(tuple(self._faults))

    def _fault(self, at: Path, reason: str) -> Fault:
        return Fault(self.document.name, max(self.document.line_of(at), 1), without_secrets(reason))

    def place(self, at: Path) -> Place:
        """Return the file and line of a path."""
        return Place(self.document.name, self.document.line_of(at))

    def find(self, fact: Fact | None, subject: Iri) -> Place | None:
        """Return where a fact is stated, else its subject."""
        if fact not in self.facts and (part := next((part for part in self.parts if fact in part.facts), None)):
            return part.find(fact, subject)
        path = self.facts.get(fact) if fact else None
        if path is None:
            path = next((path for known, path in self.facts.items() if known.subject == subject), None)
        return None if path is None else self.place(path)


def _is_storable(text: str) -> bool:
    """Whether a text has no zero in it, and no half of a character."""
    return "\0" not in text if text.isascii() else not _UNSTORABLE.search(text)


def written(value: Stated, datatype: Iri) -> str:
    """Return a value as its datatype writes it: a decimal has no exponent, a whole number no point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and value.is_finite() and datatype != XSD_STRING:
        if datatype in _WHOLE and value == value.to_integral_value():
            return format(value.to_integral_value(), "f")
        return str(value) if datatype == XSD.double else format(value, "f")
    return str(value).strip()


def shown(at: Path) -> str:
    """Return a path as people write it, with ``[]`` for the numbers in lists: ``model_list[].litellm_params``."""
    text = "".join("[]" if isinstance(part, int) else f".{part}" for part in at)
    return text.removeprefix("[]").removeprefix(".") or text
