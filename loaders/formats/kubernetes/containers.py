"""What the containers of a pod tell: images, accelerators asked for, and the models that their arguments name.

Of environment variables only those are looked at that name a model: secrets stand among the others.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stratagraph.loaders.formats.fields import number
from stratagraph.loaders.formats.kubernetes.cluster_names import Names, load_names
from stratagraph.loaders.formats.kubernetes.objects import items, mapping, text
from stratagraph.loaders.formats.secrets import is_reference, is_secret

_WITH_SHORT_OPTIONS: Final = "llama.cpp"
_HUB: Final = "hf://"
_SHELL: Final = re.compile(r"-\w*c")
_PLACE: Final = re.compile(r"\.{0,2}/|~")
"""The beginning of a path in the container: where a file lies there says nothing of what it is."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a server was started with: its name or address, and the names that callers use."""

    name: str
    served: tuple[str, ...] = ()


@dataclass(slots=True)
class PodTold:
    """What the containers of one pod tell together."""

    images: dict[str, None] = field(default_factory=dict)
    accelerator: str = ""
    count: int = 0
    engine: str = ""
    models: list[ServedModel] = field(default_factory=list)
    adapters: list[ServedModel] = field(default_factory=list)

    @property
    def serves(self) -> bool:
        """Whether a model is served there, known or not."""
        return bool(self.engine or self.models)


def read_pod(spec: Mapping[str, Any]) -> PodTold:
    """Return what the containers of a pod tell; those that only prepare it have but images."""
    told = PodTold()
    names = load_names()
    for container in items(spec.get("initContainers")):
        _image(container, told)
    for container in items(spec.get("containers")):
        read_container(container, told)
    product = _product(mapping(spec.get("nodeSelector")), names)
    told.accelerator = product if product and told.count else told.accelerator
    return told


def read_container(container: Mapping[str, Any], told: PodTold) -> None:
    """Add what one container tells."""
    names = load_names()
    image = _image(container, told)
    resources = mapping(container.get("resources"))
    # Of accelerators limits and requests are equal, and either may be left out.
    for resource, count in {**mapping(resources.get("requests")), **mapping(resources.get("limits"))}.items():
        if names.is_accelerator(resource) and (asked := number(count)):
            told.accelerator = told.accelerator or resource
            told.count += int(asked)
    words = list(_words(container))
    engine = names.engine([image, *words[:4]])
    told.engine = told.engine or engine
    variables = _variables(container)
    models, adapters = _served([variables.get(word, word) for word in words], names, engine)
    if engine and not models:
        models = _named_by(variables, names)
    for prefix in names.images_with_models:
        if image.startswith(prefix) and not models:
            models = [ServedModel(image.removeprefix(prefix).partition("@")[0].partition(":")[0])]
    told.models += models
    told.adapters += adapters


def _variables(container: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of variables that are written out, as arguments refer to them; no secret is one of them."""
    return {
        f"$({name})": value
        for each in items(container.get("env"))
        if (name := text(each.get("name"))) and (value := text(each.get("value"))) and not is_secret(value)
    }


def _named_by(variables: Mapping[str, str], names: Names) -> list[ServedModel]:
    """Return the model that variables name, as engines take them in place of arguments."""
    told = {part: [variables.get(f"$({name})", "") for name in known] for part, known in names.variables.items()}
    name = next(filter(None, told["model"]), "")
    served = tuple(filter(None, told["served"]))
    return [ServedModel("" if _PLACE.match(name) else name, served)] if name or served else []


def _image(container: Mapping[str, Any], told: PodTold) -> str:
    image = text(container.get("image"))
    if image:
        told.images[image] = None
    return image


def _product(labels: Mapping[str, Any], names: Names) -> str:
    return next((text(labels[label]) for label in names.products if text(labels.get(label))), "")


def product_of(labels: Mapping[str, Any]) -> str:
    """Return the product name of the accelerators of a machine."""
    return _product(labels, load_names())


def _words(container: Mapping[str, Any]) -> Iterator[str]:
    """Yield the words that a container is started with; a script of a shell is taken apart."""
    shell = False
    for name in ("command", "args"):
        for word in container.get(name) or [] if isinstance(container.get(name), list) else []:
            if not isinstance(word, str):
                yield str(word)
            elif shell or "\n" in word or (" " in word and _SHELL.search(word) is None and "--" in word):
                yield from _split(word)
                shell = False
            else:
                shell = _SHELL.fullmatch(word) is not None
                yield word


def _split(script: str) -> list[str]:
    try:
        return shlex.split(script.replace("\\\n", " "), comments=True)
    except ValueError:
        return script.split()


def _served(words: list[str], names: Names, engine: str) -> tuple[list[ServedModel], list[ServedModel]]:
    """Return the models and the adapters that arguments name."""
    options = _options(words, names)
    if engine != _WITH_SHORT_OPTIONS:
        # Elsewhere '-m' is Python's.
        options = {flag: values for flag, values in options.items() if flag not in names.flags["short"]}
    told = [value for flag in names.flags["model"] for value in options.get(flag, ())[:1]]
    served = tuple(
        value for flag in names.flags["served"] for value in options.get(flag, ()) if not is_reference(value)
    )
    adapters = [
        adapter
        for flag in names.flags["adapters"]
        for value in options.get(flag, ())
        for part in ([value] if value.startswith("{") else value.split(","))
        if (adapter := _adapter(part))
    ]
    # Other programs have an option of that name too.
    if not engine and not any(flag in options for flag in ("--served-model-name", "--model-id")):
        return [], []
    if told and not is_reference(told[0]):
        return [ServedModel("" if _PLACE.match(told[0]) else told[0], served)], adapters
    return ([ServedModel("", served)] if served else []), adapters


def _adapter(written: str) -> ServedModel | None:
    """Return an adapter: a name with its place behind it, both in JSON, or the place alone."""
    name, equals, path = written.partition("=")
    if written.startswith("{"):
        try:
            told = mapping(json.loads(written))
        except ValueError:
            return None
        name, path = text(told.get("name")), text(told.get("path"))
    elif not equals:
        name, path = "", written
    path = "" if _PLACE.match(path) or is_reference(path) else path
    return ServedModel(path, tuple(filter(None, [name]))) if name or path else None


def _options(words: Iterable[str], names: Names) -> dict[str, list[str]]:
    """Return the values that follow each option, and as ``--model`` the word behind ``serve``."""
    found: dict[str, list[str]] = {}
    flag = ""
    for word in words:
        if word.startswith("-") and not _is_number(word):
            name, equals, value = word.partition("=")
            flag = name.replace("_", "-") if name.startswith("--") else name
            found.setdefault(flag, [])
            if equals:
                found[flag].append(value)
                flag = ""
        elif word in names.flags["before_model"]:
            flag = "--model"
            found.setdefault(flag, [])
        elif flag:
            # What llama.cpp fetches lies on the hub, with the form of its weights behind the name.
            found[flag].append(f"{_HUB}{word}" if flag in names.flags["of_hub"] else word)
    return found


def _is_number(word: str) -> bool:
    return number(word) is not None
