"""Cards of the Hugging Face Hub: the front matter of a repository's README.md."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any, ClassVar, Final

from stratagraph.loaders.formats.core_yaml import YamlFault, read_yaml
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.fields import Fields, number, tree
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
        description.state(model, SG.derivedFrom, description.model(repository=base, at=at), at)
    for dataset, at in card.texts("datasets"):
        description.state(model, SG.trainedWith, description.asset(SG.Dataset, dataset, at=at), at)
    description.state(model, SG.purpose, card.text("pipeline_tag"), card.place("pipeline_tag"))
    for entry in card.each(INDEX):
        # Of a repository's own results; the entry's name is no other model.
        entry.raw("name")
        for result in entry.each("results"):
            _result(result, model, repository)
    return model


def _dataset(card: Fields, repository: str) -> Iri:
    """State a data set."""
    dataset = card.description.asset(SG.Dataset, repository, at=card.at)
    card.description.state(dataset, RDFS.label, card.text("pretty_name"), card.place("pretty_name"))
    for task, at in card.texts("task_categories"):
        card.description.state(dataset, SG.purpose, task, at)
    return dataset


def _result(result: Fields, model: Iri, repository: str) -> None:
    """State an evaluation: on which part of which data set, and what each metric came to.

    A value with a unit is no number here: '91.2 %' and 0.912 may be one figure, and only its author knows.
    """
    description, at = result.description, result.at
    dataset = result.fields("dataset")
    name, label = dataset.text("type"), dataset.text("name")
    part = "/".join(filter(None, (dataset.text("config"), dataset.text("split"))))
    on = " ".join(filter(None, (name or label, part)))
    run = description.asset(SG.EvaluationRun, f"{repository}: {on}" if on else f"{repository}: {at[-1]}", at=at)
    description.state(run, SG.evaluatedAsset, model, at)
    if name or label:
        measured = description.asset(SG.Dataset, name or label, at=dataset.at)
        description.state(run, SG.evaluatedWith, measured, dataset.at)
    for metric in result.each("metrics"):
        kind = metric.text("type") or metric.text("name")
        if not kind:
            continue
        metric.raw("type")
        outcome = description.asset(
            SG.EvaluationResult, f"{repository}: {kind} ({on})".removesuffix(" ()"), at=metric.at
        )
        description.state(run, SG.hasResult, outcome, metric.at)
        description.state(outcome, SG.ofMetric, description.asset(SG.QualityMetric, kind, at=metric.at), metric.at)
        value = metric.raw("value")
        if (figure := number(value)) is not None:
            description.state(outcome, SG.score, figure, metric.place("value"))
        elif isinstance(value, str):
            description.state(outcome, RDFS.label, f"{kind} {value}", metric.place("value"))
        elif value is not None:
            description.unread(f"{INDEX}[].results[].metrics[].value")


def _repository(document: Document, card: Fields) -> str:
    """Return the repository of a card: the scope that a person gave, else the folders, else the only name inside.

    Raises:
        MalformedDocument: none of them tells.
    """
    scope = PurePosixPath(document.scope or document.name)
    if not scope.suffix.lower().endswith(".md") and document.scope:
        return document.scope
    path = scope if len(scope.parts) > 1 else PurePosixPath(document.name.replace("\\", "/"))
    folders = [part for part in path.parts[:-1] if part not in {"/", ".", ".."}]
    for folder in reversed(folders):
        if found := _CACHED.fullmatch(folder):
            return f"{found['owner']}/{found['name']}"
    if path.name.lower() == CARD.lower() and folders:
        return "/".join((scope.parts[:-1] if len(scope.parts) > 1 else folders)[-2:])
    own = re.sub(r"(?:[._-]?readme)?\.md$", "", path.name, flags=re.IGNORECASE)
    inside = {name for entry in card.each(INDEX) if (name := entry.text("name"))}
    name = own or (inside.pop() if len(inside) == 1 else "")
    if not name:
        reason = (
            "nothing says which repository this card is of. Load it with --scope OWNER/NAME, or from a folder "
            "OWNER/NAME/README.md."
        )
        card.description.fault((0,), reason)
    return name


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
    return {**sets, "relations": data["relations"], "ignored": tree(data["ignored"])}


FORMAT: Final = HuggingFaceCard()
