"""What the answers of an MLflow server say together: models and prompts, what they were made of, and of what data."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stratagraph.loaders.formats.fields import Fields
from stratagraph.loaders.formats.identities import dataset_name, is_local
from stratagraph.loaders.formats.ignored_fields import ignored_fields
from stratagraph.loaders.formats.mlflow.answers import FURTHER, Answer
from stratagraph.loaders.formats.secrets import public_url
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG

_IS_PROMPT: Final = "mlflow.prompt.is_prompt"
_PROMPT_MODEL: Final = "_mlflow_prompt_model_config"
_PROMPT_FORM: Final = "_mlflow_prompt_response_format"
_VERSIONS: Final = "mlflow.modelVersions"
_CONTEXT: Final = "mlflow.data.context"
_LEARNING: Final = frozenset({"train", "training", "fine-tuning", "finetuning", "fine_tuning"})
_OWNERS: Final = ("owner", "team", "owning_team")
_BASES: Final = ("base_model", "base_model_name", "base_model_name_or_path", "model_name_or_path")
"""Parameters by which runs name what they tune, as trainers log them; MLflow itself has no field for it."""
_LOGGED: Final = re.compile(r"models:/(m-[0-9a-f]+)")
_HUB: Final = "hugging_face"
_HUBS: Final = frozenset({_HUB, "delta_table", "databricks-uc-table", "delta"})
"""Types of sources that have a name for their data: of a repository, or of a table."""
_NO_STAGES: Final = frozenset({"", "none", "archived"})
_UNNAMED: Final = "dataset"
"""What MLflow calls data that nobody named."""


@dataclass(frozen=True, slots=True)
class Link:
    """A version of a registered model, as the run or the logged model behind it is found."""

    name: str
    version: str
    run: str
    logged: str


@dataclass(slots=True)
class Registry:
    """Collects answers, then states them; each fact stands with the answer that has most of it."""

    registered: list[Fields] = field(default_factory=list)
    versions: list[Fields] = field(default_factory=list)
    logged: list[tuple[Fields, Fields]] = field(default_factory=list)
    runs: list[Fields] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    tuned: set[str] = field(default_factory=set)
    """The registered models of which a parameter says what they were made out of."""
    _bodies: list[Fields] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)
    """The pages that were asked for."""

    def take(self, answer: Answer) -> None:
        """Take an answer in."""
        body = answer.body
        self._bodies.append(body)
        self._asked.add(answer.page)
        self.registered += _either(body, "registered_model")
        self.versions += _either(body, "model_version")
        self.logged += [(model.fields("info"), model.fields("data")) for model in _either(body, "model")]
        self.runs += _either(body, "run")

    def state(self) -> None:
        """State everything, and count what was not understood."""
        for model in list(self.registered):
            self.versions += model.each("latest_versions")
        prompts = {each.text("name") for each in self.registered if _tags(each).get(_IS_PROMPT) == "true"}
        prompts |= {each.text("name") for each in self.versions if _tags(each).get(_IS_PROMPT) == "true"}
        self._link()
        for info, data in self.logged:
            self._find_tuned(self._names_of_logged(info), data)
        for run in self.runs:
            self._find_tuned(self._names_of_run(run), run.fields("data"))
        for model in self.registered:
            self._registered(model, is_prompt=model.text("name") in prompts)
        for version in self.versions:
            self._version(version, is_prompt=version.text("name") in prompts)
        for info, data in self.logged:
            self._logged(info, data)
        for each in self.runs:
            self._run(each)
        for body in self._bodies:
            further = body.text(FURTHER)
            if further and further not in self._asked:
                body.description.remark("further-pages", body.place(FURTHER), field=FURTHER)
            body.rest(ignored_fields("mlflow"))

    def _link(self) -> None:
        """Find out which run and which logged model each version came of."""
        runs = {info.text("model_id"): info.text("source_run_id") for info, _ in self.logged}
        for version in self.versions:
            found = _LOGGED.match(version.text("source"))
            logged = found[1] if found else ""
            origin = version.text("run_id") or runs.get(logged, "")
            self.links.append(Link(version.text("name"), version.text("version"), origin, logged))
        for info, _ in self.logged:
            for named in _listed(_tags(info).get(_VERSIONS)):
                name, number = str(named.get("name") or ""), str(named.get("version") or "")
                self.links.append(Link(name, number, info.text("source_run_id"), info.text("model_id")))

    # Things -----------------------------------------------------------------------------------------------------------

    def _find_tuned(self, names: Iterable[str], data: Fields) -> None:
        if _base(data):
            self.tuned.update(names)

    def _names_of_logged(self, info: Fields) -> set[str]:
        identity = info.text("model_id")
        return {link.name for link in self.links if link.logged == identity and link.name}

    def _names_of_run(self, run: Fields) -> list[str]:
        """Return the registered models that came of a run."""
        info = run.fields("info")
        identity = info.text("run_id") or info.text("run_uuid")
        outputs = {each.text("model_id") for each in run.fields("outputs").each("model_outputs")}
        links = [link for link in self.links if link.run == identity or link.logged in outputs - {""}]
        return list(dict.fromkeys(link.name for link in links if link.name))

    def _asset(self, fields: Fields, name: str, *, is_prompt: bool = False) -> Iri:
        at = fields.place("name") if "name" in fields else fields.at
        if is_prompt:
            return fields.description.asset(SG.Prompt, name, at=at)
        return fields.description.model(name, kind=SG.FineTunedModel if name in self.tuned else SG.BaseModel, at=at)

    def _registered(self, model: Fields, *, is_prompt: bool) -> None:
        iri = self._asset(model, model.text("name"), is_prompt=is_prompt)
        state = model.description.state
        state(iri, SG.purpose, model.text("description"), at=model.place("description"))
        tags = _tags(model)
        owner = next((tags[name] for name in _OWNERS if tags.get(name)), None)
        state(iri, SG.responsible, owner, at=model.place("tags"))
        for alias in model.each("aliases"):
            state(iri, SG.versionAlias, f"{alias.text('alias')}={alias.text('version')}", at=alias.at)

    def _version(self, version: Fields, *, is_prompt: bool) -> None:
        iri = self._asset(version, version.text("name"), is_prompt=is_prompt)
        state = version.description.state
        number = version.text("version")
        state(iri, SG.registeredVersion, number, at=version.place("version"))
        # The stage of a version is a name for it, as an alias is: 'models:/NAME/Production'.
        if (stage := version.text("current_stage")).lower() not in _NO_STAGES:
            state(iri, SG.versionAlias, f"{stage}={number}", at=version.place("current_stage"))
        for alias, at in version.texts("aliases"):
            state(iri, SG.versionAlias, f"{alias}={number}", at=at)
        if is_prompt:
            self._prompt(version, iri, number)

    def _prompt(self, version: Fields, iri: Iri, number: str) -> None:
        """State for what a prompt was written; its text is nobody's business here."""
        tags, at = _tags(version), version.place("tags")
        model = _object(tags.get(_PROMPT_MODEL)).get("model_name")
        version.description.state(iri, SG.intendedModel, model if isinstance(model, str) else None, at=at)
        newest = max((_number(link.version) for link in self.links if link.name == version.text("name")), default=0)
        if _number(number) == newest and _object(tags.get(_PROMPT_FORM)):
            version.description.state(iri, SG.outputFormat, "JSON", at=at)

    def _logged(self, info: Fields, data: Fields) -> None:
        """State what the registered models that a logged one became were tuned from."""
        info.text("source_run_id")
        self._derived(self._names_of_logged(info), data)

    def _run(self, run: Fields) -> None:
        """State a run whose outcome was registered, or that stands alone: what it made, and of which data."""
        info = run.fields("info")
        names = self._names_of_run(run)
        name = info.text("run_name") or info.text("run_id") or info.text("run_uuid")
        experiment = info.text("experiment_id")
        if not names and (self.versions or self.registered):
            run.leave()
            return
        used = list(self._data(run))
        state = run.description.state
        pipeline = run.description.asset(
            SG.TrainingPipeline, name, None, f"experiment {experiment}" if experiment else None, at=info.at
        )
        self._derived(names, run.fields("data"))
        # Where a model came of it, that is what the data were for.
        for data, at in used if not names else ():
            state(pipeline, SG.dependsOn, data, at=at)
        for each in names:
            model = self._asset(run, each)
            state(pipeline, SG.produces, model, at=info.at)
            for data, at in used:
                state(model, SG.trainedWith, data, at=at)

    def _derived(self, names: Iterable[str], data: Fields) -> None:
        """State what some models were made out of, where a parameter says so."""
        if (base := _base(data)) is None:
            return
        origin = base.description.model(base.text("value"), at=base.at)
        for name in names:
            model = self._asset(base, name)
            base.description.state(model, SG.derivedFrom, origin if origin != model else None, at=base.at)

    @staticmethod
    def _data(run: Fields) -> Iterator[tuple[Iri, tuple[str | int, ...]]]:
        """Yield the data sets that a run learnt from; others it was only judged by."""
        for each in run.fields("inputs").each("dataset_inputs"):
            context = _tags(each).get(_CONTEXT, "").lower()
            data = each.fields("dataset")
            source = _object(data.text("source"))
            place = next((str(source[key]) for key in ("uri", "url", "path", "table_name") if source.get(key)), "")
            shown = public_url(place) if "://" in place and not place.startswith("file:") else ""
            name = data.text("name")
            own, kind = name, data.text("source_type")
            if not name or name == _UNNAMED or kind == _HUB:
                # A hub's path is the name of what lies there; that of a machine is none.
                name = (dataset_name(place) if kind in _HUBS and not is_local(place) else shown) or name
            if name and context in _LEARNING:
                iri = run.description.asset(SG.Dataset, name, at=data.at)
                run.description.state(iri, SG.alsoKnownAs, own if own not in (name, _UNNAMED) else None, at=data.at)
                run.description.state(iri, SG.repository, shown, at=data.at)
                yield iri, each.at


def _either(body: Fields, name: str) -> list[Fields]:
    """Return the things that an answer lists, or the only one that was asked for."""
    return [*body.each(f"{name}s"), *([body.fields(name)] if name in body else [])]


def _tags(fields: Fields) -> dict[str, str]:
    """Return the tags of a thing."""
    found: dict[str, str] = defaultdict(str)
    listed = fields.raw("tags")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, Mapping):
            found[str(each.get("key", ""))] = str(each.get("value", ""))
    return found


def _base(data: Fields) -> Fields | None:
    """Return the parameter that says what a model was made out of, None where none does."""
    params = {each.text("key"): each for each in data.each("params")}
    for each in params.values():
        each.text("value")
    base = next((params[name] for name in _BASES if name in params), None)
    # A folder of the machine that ran it is no name of a model.
    unnamed = base is None or is_local(base.text("value"))
    return None if base is None or unnamed or not base.text("value") else base


def _object(text: str | None) -> Mapping[str, Any]:
    """Return the JSON object that stands in a text, an empty one where none does."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, Mapping) else {}


def _listed(text: str | None) -> list[Mapping[str, Any]]:
    """Return the JSON objects that stand in a text as a list."""
    try:
        value = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0
