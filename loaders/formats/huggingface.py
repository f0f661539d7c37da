"""Cards of the Hugging Face Hub: the front matter of a repository's README.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any, ClassVar, Final

from stratagraph.loaders.formats.core_yaml import Path, YamlFault, read_yaml
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.fields import Fields, tree
from stratagraph.loaders.formats.hub_results import state_results
from stratagraph.loaders.formats.identities import dataset_name, is_local
from stratagraph.loaders.formats.licences import all_of, state_licence
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import RDFS, SG

CARD: Final = "README.md"
FENCE: Final = "---"
INDEX: Final = "model-index"
_CACHED: Final = re.compile(r"(?:models|datasets)--(?P<owner>.+?)--(?P<name>.+)")
"""A folder of the hub's own cache."""
_OTHER_LICENCE: Final = "other"
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")


class HuggingFaceCard:
    """The card of a model or of a data set; its repository is told by where the file lies, or by the scope."""

    kind: ClassVar[Kind] = Kind.HUGGINGFACE

    def recognises(self, document: Document) -> bool:
        """Tell by names in the front matter that other pages don't have."""
        if not document.data.lstrip(b"\xef\xbb\xbf").startswith(FENCE.encode()):
            return False
        try:
            values = _front_matter(document)
        except MalformedDocument:
            return False
        names = _names()
        if not isinstance(values, Mapping) or not names["page_marks"].isdisjoint(values):
            return False
        return not (names["model_marks"] | names["dataset_marks"] | names["common_marks"]).isdisjoint(values)

    def read(self, document: Document, description: Description) -> None:
        """State the repository, what it is derived from and trained with, and how it was measured.

        Raises:
            MalformedDocument: the front matter is none, or nothing says which repository the card is of.
        """
        card = Fields(description, _front_matter(document) or {})
        repository = _repository(document, card)
        names = _names()
        is_dataset = not names["dataset_marks"].isdisjoint(card.values) and names["model_marks"].isdisjoint(card.values)
        asset = _dataset(card, repository) if is_dataset else _model(card, repository)
        licences = [text for text, _ in card.texts("license")]
        named = card.text("license_name")
        if named and all(text == _OTHER_LICENCE for text in licences):
            licences = [named]
        state_licence(description, asset, all_of(licences), card.place("license"))
        card.rest(names["ignored"])


def _model(card: Fields, repository: str) -> Iri:
    """State a model, with what it was made from."""
    description, names = card.description, _names()
    relation = card.text("base_model_relation")
    kind = SG.term(names["relations"].get(relation, "BaseModel"))
    if relation and relation not in names["relations"]:
        description.unread("base_model_relation")
    model = description.model(repository=repository, kind=kind, at=card.at)
    for base, at in card.texts("base_model"):
        if is_local(base):
            # Where it lay on its author's machine says nothing.
            description.unread("base_model")
        else:
            description.state(model, SG.derivedFrom, description.model(repository=base, at=at), at)
    for dataset, at in _datasets(card):
        description.state(model, SG.trainedWith, description.asset(SG.Dataset, dataset, at=at), at)
    description.state(model, SG.purpose, card.text("pipeline_tag"), card.place("pipeline_tag"))
    # Of a repository's own results; the entry's name is no other model.
    state_results(
        description, model, repository, [(entry.text("name"), entry.each("results")) for entry in _index(card)]
    )
    return model


def _index(card: Fields) -> list[Fields]:
    """Return the entries of the index of results; some write one without a list."""
    return [card.fields(INDEX)] if isinstance(card.values.get(INDEX), Mapping) else card.each(INDEX)


def _datasets(card: Fields) -> Iterator[tuple[str, Path]]:
    """Yield the data sets that a card names: texts, or mappings with their identifiers."""
    told = card.raw("datasets")
    for number, each in enumerate(told if isinstance(told, list) else [told]):
        at = card.place("datasets", number) if isinstance(told, list) else card.place("datasets")
        if isinstance(each, Mapping):
            each = next((each[name] for name in _names()["dataset_keys"] if each.get(name)), "")  # noqa: PLW2901
        if isinstance(each, str) and each.strip() and not is_local(each):
            yield dataset_name(each), at
        elif each is not None:
            card.description.unread("datasets[]")


def _dataset(card: Fields, repository: str) -> Iri:
    """State a data set."""
    dataset = card.description.asset(SG.Dataset, repository, at=card.at)
    card.description.state(dataset, RDFS.label, card.text("pretty_name"), card.place("pretty_name"))
    for task, at in card.texts("task_categories"):
        card.description.state(dataset, SG.purpose, task, at)
    return dataset


def _repository(document: Document, card: Fields) -> str:
    """Return the repository of a card: a scope OWNER/NAME, else the folders, the file's name, the only name inside.

    Raises:
        MalformedDocument: none of them tells.
    """
    if _REPOSITORY.fullmatch(document.scope) and not document.scope.lower().endswith(".md"):
        return document.scope
    path = PurePosixPath(document.name.replace("\\", "/"))
    folders = [part for part in path.parts[:-1] if part not in {"/", ".", ".."}]
    for folder in reversed(folders):
        if found := _CACHED.fullmatch(folder):
            return f"{found['owner']}/{found['name']}"
    if path.name.lower() == CARD.lower() and folders:
        return "/".join((_inside(document.scope, path) or folders)[-2:])
    own = re.sub(r"(?:[._-]?readme)?\.md$", "", path.name, flags=re.IGNORECASE)
    inside = {name for entry in _index(card) if (name := entry.text("name"))}
    name = own or (inside.pop() if len(inside) == 1 else "")
    if not name:
        reason = (
            "nothing says which repository this card is of. Load it with --scope OWNER/NAME, or from a folder "
            "OWNER/NAME/README.md."
        )
        card.description.fault((0,), reason)
    return name


def _inside(scope: str, path: PurePosixPath) -> list[str]:
    """Return the folders of a file below the one that was loaded: the end that its path and its scope have in common.

    What stands before it in the scope is the name that somebody gave the load.
    """
    common: list[str] = []
    for one, other in zip(reversed(PurePosixPath(scope).parts), reversed(path.parts), strict=False):
        if one != other:
            break
        common.insert(0, one)
    return common[:-1]


def _front_matter(document: Document) -> Any:
    """Return the values between the first two lines of dashes.

    Raises:
        MalformedDocument: they are no YAML, or have no end.
    """
    lines = document.text.splitlines()
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        raise MalformedDocument(file=document.name, line=1, reason="the front matter has no end: a line '---'.")
    try:
        values = read_yaml("\n".join(lines[1:end]))
    except YamlFault as fault:
        raise MalformedDocument(file=document.name, line=fault.line + 1, reason=fault.reason) from None
    return values[0] if values else None


@lru_cache(maxsize=1)
def _names() -> Mapping[str, Any]:
    """Return the names of the hub."""
    data = json.loads((files("stratagraph.loaders.formats") / "huggingface.json").read_text("utf-8"))
    sets = {name: frozenset(values) for name, values in data.items() if name.endswith("_marks")}
    return {
        **sets,
        "relations": data["relations"],
        "dataset_keys": data["dataset_keys"],
        "ignored": tree(data["ignored"]),
    }


FORMAT: Final = HuggingFaceCard()
