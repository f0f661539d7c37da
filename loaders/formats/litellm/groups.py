"""The names that callers of a proxy ask for: groups of deployments, and what stands in for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.fields import Fields
from stratagraph.loaders.formats.litellm.deployments import ANY, Deployment
from stratagraph.loaders.formats.litellm.litellm_names import load_names
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG

KINDS: Final = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
DEFAULTS: Final = "default_fallbacks"
ALIASES: Final = "model_group_alias"


class Groups:
    """The groups of one proxy, each a router between the deployments of its name."""

    def __init__(self, description: Description, gateway: Iri, name: str) -> None:
        """Begin with none; ``name`` is the proxy's."""
        self._description = description
        self._gateway = gateway
        self._name = name
        self._models: dict[str, dict[Iri, None]] = defaultdict(dict)
        self._routers: dict[str, Iri] = {}
        self._aliases: dict[str, str] = {}
        self._patterns: dict[str, str] = {}

    def take(self, deployment: Deployment) -> None:
        """Take in a deployment: its group leads to its model, and so does the proxy."""
        state, at = self._description.state, deployment.at
        if deployment.provider:
            # A pattern lets every model of a provider through, and says of none that it is used.
            state(self._gateway, SG.dependsOn, deployment.provider, at)
        if ANY in deployment.group:
            self._patterns.setdefault(deployment.group, deployment.pattern)
            return
        router = self._router(deployment.group, at)
        if deployment.model:
            self._models[deployment.group][deployment.model] = None
            state(router, SG.usesModel, deployment.model, at)
            state(self._gateway, SG.usesModel, deployment.model, at)

    def rename(self, settings: Fields) -> None:
        """Take in other names for groups: a text, or a mapping with the group as ``model``."""
        told = settings.raw(ALIASES)
        for alias, target in told.items() if isinstance(told, Mapping) else ():
            group = target.get("model") if isinstance(target, Mapping) else target
            if group in self._routers:
                self._aliases.setdefault(alias, group)
                self._description.state(self._routers[group], SG.alsoKnownAs, alias, settings.place(ALIASES, alias))
            else:
                settings.description.unread(f"{ALIASES}: {alias}")

    def fall_back(self, settings: Sequence[Fields]) -> None:
        """State what stands in for what: each group, and its models, for the groups that are named after it.

        ``settings`` are sections, of which the first one that has fallbacks of a kind counts, as in the proxy. What
        holds for all groups (``*``) holds for those that have none of their own.

        Raises:
            MalformedDocument: groups stand in for each other in a circle.
        """
        for kind in KINDS:
            section = next((each for each in settings if each.values.get(kind)), None)
            told: dict[str, dict[str, Path]] = defaultdict(dict)
            for group, target, at in _pairs(section, kind) if section else ():
                told[self._aliases.get(group, group)][self._aliases.get(target, target)] = at
            self._refuse_circles(kind, told)
            if kind == KINDS[0] and (last := next((each for each in settings if each.values.get(DEFAULTS)), None)):
                for target, at in last.texts(DEFAULTS):
                    told[ANY][self._aliases.get(target, target)] = at
            self._state_all(kind, told)

    def _state_all(self, kind: str, told: Mapping[str, Mapping[str, Path]]) -> None:
        for group, targets in told.items():
            names = [name for name in self._routers if name not in told] if group == ANY else [group]
            for target, at in targets.items():
                if target not in self._routers and not self._models_of(target, at):
                    self._description.unread(f"{kind}: {target}")
                for name in names:
                    self._stand_in(name, target, at)

    def _router(self, group: str, at: Path) -> Iri:
        if group not in self._routers:
            self._routers[group] = self._description.asset(SG.Router, group, self._name, at=at)
            self._description.state(self._routers[group], SG.partOf, self._gateway, at)
        return self._routers[group]

    def _stand_in(self, group: str, target: str, at: Path) -> None:
        if group == target:
            return
        if group in self._routers and target in self._routers:
            self._description.state(self._routers[group], SG.fallsBackTo, self._routers[target], at)
        for model in self._models_of(group, at):
            for other in self._models_of(target, at):
                if other != model:
                    self._description.state(model, SG.fallsBackTo, other, at)

    def _models_of(self, group: str, at: Path) -> list[Iri]:
        """Return the models that answer to a name: those of a group, or the one that a pattern lets through."""
        if group in self._routers:
            return list(self._models[group])
        for pattern, model in self._patterns.items():
            before, _, after = pattern.partition(ANY)
            inside = group.startswith(before) and group.endswith(after) and len(group) > len(before) + len(after)
            if inside and before and not model.startswith(ANY):
                named = model.replace(ANY, group[len(before) : len(group) - len(after)])
                names = load_names()
                provider = names.route(names.prefix(named)).provider
                return [self._description.model(names.split(named)[1], provider=provider or None, at=at)]
        return []

    def _refuse_circles(self, kind: str, told: Mapping[str, Mapping[str, Path]]) -> None:
        """Refuse what falls back to itself: when all of a circle fail, a call would go round for ever."""
        for group in told:
            way = [group]
            waiting = [iter(told[group].items())]
            while waiting:
                target, at = next(waiting[-1], ("", ()))
                if not target:
                    waiting.pop()
                    way.pop()
                elif target == group:
                    circle = " > ".join([*way, group])
                    self._description.fault(at, f"'{kind}' go in a circle: {circle}. Take one of them out.")
                elif target in told and target not in way:
                    way.append(target)
                    waiting.append(iter(told[target].items()))


def _pairs(settings: Fields, kind: str) -> Iterator[tuple[str, str, Path]]:
    """Yield group, target and place of each fallback: a list of mappings from a group to a list of groups."""
    told = settings.raw(kind)
    for number, entry in enumerate(told if isinstance(told, list) else [told]):
        if not isinstance(entry, Mapping):
            continue
        for group, targets in entry.items():
            at = settings.place(kind, number, group) if isinstance(told, list) else settings.place(kind, group)
            for place, target in enumerate(targets if isinstance(targets, list) else [targets]):
                if name := _group_of(target):
                    yield str(group), name, (*at, place) if isinstance(targets, list) else at


def _group_of(target: Any) -> str:
    """Return the group that a fallback names: by a text, or with parameters of its own."""
    name = target.get("model") if isinstance(target, Mapping) else target
    return name if isinstance(name, str) else ""
