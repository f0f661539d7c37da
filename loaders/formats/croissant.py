"""Croissant, 0.8 to 1.1: the description of a data set for machine learning, in the words of schema.org."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stratagraph.loaders.file_faults import quote
from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.fields import Fields
from stratagraph.loaders.formats.identities import dataset_name, is_local
from stratagraph.loaders.formats.ignored_fields import ignored_fields
from stratagraph.loaders.formats.licences import all_of, licence, state_licence
from stratagraph.loaders.formats.secrets import is_person, public_url
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.namespaces import SG

_MARK: Final = "mlcommons.org/croissant"
_SCHEMA: Final = ("sc:", "schema:", "https://schema.org/", "http://schema.org/")
_ORGANISATIONS: Final = frozenset(
    {"Organization", "Corporation", "NGO", "CollegeOrUniversity", "EducationalOrganization", "GovernmentOrganization"}
)
_DENIED: Final = frozenset({"none", "no", "false", "n/a", "not applicable", "none known", "no personal data"})
_MADE_OF: Final = ("isBasedOn", "prov:wasDerivedFrom", "wasDerivedFrom")
_FIRST: Final = "0.8"
_LAST: Final = "1.1"
_MAJOR: Final = frozenset({"0", "1"})
"""The versions that are known, before the point."""
_PEOPLE: Final = "rai:personalSensitiveInformation"


class Croissant:
    """The format. It is JSON-LD of schema.org, whose classes are not ours: read by its own names."""

    kind = Kind.CROISSANT

    def recognises(self, document: Document) -> bool:
        """Tell whether a document describes a data set by Croissant."""
        return any(_is_croissant(_whole(value)[0]) for value in document.values)

    def read(self, document: Document, description: Description) -> None:
        """State the data set.

        Raises:
            MalformedDocument: it has no name, or is of a version that is not known here.
        """
        value, place = _whole(document.values[0])
        fields = Fields(description, _spelled(value), (0, *place))
        _refuse_unknown(fields)
        name, url = _only(fields, "name"), public_url(_only(fields, "url"))
        hub_name = dataset_name(url) if dataset_name(url) != url else ""
        iri = description.asset(SG.Dataset, hub_name or name, at=fields.place("name"))
        state = description.state
        if hub_name:
            state(iri, SG.alsoKnownAs, name, at=fields.place("name"))
        state(iri, SG.url, url, at=fields.place("url"))
        state(iri, SG.version, _only(fields, "version"), at=fields.place("version"))
        for told_use in ("description", "rai:dataUseCases"):
            for use, at in fields.texts(told_use):
                state(iri, SG.purpose, use, at=at)
        licences = list(_licences(fields.raw("license")))
        if licences:
            state_licence(description, iri, all_of(licences), at=fields.place("license"))
        told = [text for text, _ in fields.texts(_PEOPLE)]
        state(iri, SG.personalData, about_people(told), at=fields.place(_PEOPLE))
        for told_limit in ("rai:dataLimitations", "rai:dataBiases"):
            for text, at in fields.texts(told_limit):
                state(iri, SG.limitation, text, at=at)
        for told_party in ("creator", "publisher"):
            for party in _organisations(fields.raw(told_party)):
                organisation = description.asset(SG.Organisation, party, at=fields.place(told_party))
                state(iri, SG.providedBy, organisation, at=fields.place(told_party))
        for origin, at in _origins(fields):
            state(iri, SG.derivedFrom, description.asset(SG.Dataset, origin, at=at), at=at)
        fields.rest(ignored_fields("croissant"))


def _whole(value: Any) -> tuple[Any, Path]:
    """Return the description of the data set with its place: one that stands in a graph takes the context with it."""
    graph = value.get("@graph") if isinstance(value, Mapping) else None
    for number, node in enumerate(graph if isinstance(graph, list) else ()):
        if isinstance(node, Mapping) and "Dataset" in map(_bare, _listed(node.get("@type"))):
            return {"@context": value.get("@context"), **node}, ("@graph", number)
    return value, ()


def _refuse_unknown(fields: Fields) -> None:
    """Refuse a version that nobody has written yet: what its words mean is not known."""
    told = [*_listed(fields.values.get("conformsTo")), *_listed(fields.values.get("dct:conformsTo"))]
    for text in (text for each in told for text in _texts(each)):
        version = text.partition(f"{_MARK}/")[2].strip("/")
        if version[:1].isdigit() and version.partition(".")[0] not in _MAJOR:
            fields.description.fault(
                fields.place("conformsTo"),
                f"Croissant {quote(version)} is not read, but {_FIRST} to {_LAST} are: write it anew in one of these.",
            )


def _origins(fields: Fields) -> Iterator[tuple[str, Path]]:
    """Yield the data sets that one was made out of, by what a hub calls them, else by their addresses."""
    for name in _MADE_OF:
        for each in _listed(fields.raw(name)):
            place = each
            if isinstance(each, Mapping):
                place = next((each[key] for key in ("@id", "url", "name") if each.get(key)), "")
            if isinstance(place, str) and place.strip() and not is_local(place):
                yield (dataset_name(place) if dataset_name(place) != place else public_url(place)), fields.place(name)


def _is_croissant(value: Any) -> bool:
    if not isinstance(value, Mapping) or "Dataset" not in map(_bare, _listed(value.get("@type"))):
        return False
    context = value.get("@context")
    contexts = [each for each in _listed(context) if isinstance(each, (str, Mapping))]
    said = [*contexts, *_listed(value.get("conformsTo")), *_listed(value.get("dct:conformsTo"))]
    return any(_MARK in text for each in said for text in _texts(each)) or (
        # 0.8 says neither, and has these two parts of no other vocabulary.
        "recordSet" in value and "distribution" in value
    )


def _spelled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description with the names that schema.org has without its prefix, and texts without their wrapping."""
    return {_bare(name): _unwrapped(value) for name, value in values.items()}


def _unwrapped(value: Any) -> Any:
    if isinstance(value, list):
        return [_unwrapped(each) for each in value]
    return value["@value"] if isinstance(value, Mapping) and "@value" in value else value


def _only(fields: Fields, name: str) -> str:
    """Return a text, of several the first: a data set has one name."""
    value = fields.raw(name)
    if isinstance(value, Mapping) and isinstance(value.get("@id"), str):
        return str(value["@id"])
    if isinstance(value, list) and value and not isinstance(value[0], (str, Mapping, list)):
        return str(value[0])
    return next((text for text, _ in fields.texts(name)), "")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (each for each in value.values() if isinstance(each, str))


def _listed(value: Any) -> list[Any]:
    """Return one or several as a list: writers leave the brackets out around a single one."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _bare(name: Any) -> str:
    text = str(name)
    return next((text.removeprefix(prefix) for prefix in _SCHEMA if text.startswith(prefix)), text)


def _licences(value: Any) -> Iterator[str]:
    """Yield the licences: texts, URLs, or works that have either."""
    for each in _listed(value):
        if isinstance(each, Mapping):
            each = each.get("url") or each.get("@id") or each.get("name")  # noqa: PLW2901  what stands for it
        if isinstance(each, str) and each.strip() and (said := licence(each)):
            yield said


def about_people(told: list[str]) -> bool | None:
    """Return whether a data set is about people, by texts that say what is in it; None where they are unclear."""
    said = [text.strip().rstrip(".").lower() for text in told]
    if not said:
        return None
    if all(text in _DENIED for text in said):
        return False
    # 'No names are included' is no, and 'No consent was asked for the names' is not.
    return None if all(text in _DENIED or text.startswith(("no ", "not ", "unknown")) for text in said) else True


def _organisations(value: Any) -> Iterator[str]:
    """Yield the organisations among those who made or published it; persons are passed over."""
    for each in _listed(value):
        if isinstance(each, Mapping) and not _ORGANISATIONS.isdisjoint(map(_bare, _listed(each.get("@type")))):
            for name in _listed(each.get("name")):
                if isinstance(name, str) and name.strip() and not is_person(name):
                    yield name.strip()


FORMAT: Final = Croissant()
