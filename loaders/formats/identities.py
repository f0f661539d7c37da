"""Who a model is: the keys by which documents name it, the strongest first, as data says.

The name that results is the one that telemetry and the YAML inventory have for the model, so that all of them speak of
one asset.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import unquote

from stratagraph.loaders.formats.secrets import public_url
from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG

_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/](?![\\/])")


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """The name that is a model's key, what stood before it, and the keys by which it can be found as well."""

    name: str
    route: str = ""
    provider: str = ""
    witnesses: Mapping[Iri, str] = field(default_factory=dict)


def identify_model(*, name: str = "", package: str = "", repository: str = "") -> ModelIdentity | None:
    """Return who a model is by the keys that a document gives; None where they name nobody."""
    named = load_meanings().model(name) if name else None
    bare = (named.name or _last_of_arn(name)) if named else ""
    found = {
        "package": package_name(package),
        "repository": repository_name(repository),
        "name": repository_name(bare) if _is_address(bare) else bare,
    }
    key = next((found[rule] for rule in _rules()["order"] if found[rule]), "")
    if not key:
        return None
    witnesses = {SG.packageUrl: bare_package(package), SG.repository: _shown(repository)}
    # A file's own name for the model: telemetry of what answers by it, and people, may know no other.
    if found["name"] and found["name"] != key:
        witnesses[SG.alsoKnownAs] = found["name"]
    stated = {attribute: value for attribute, value in witnesses.items() if value and value != key}
    return ModelIdentity(key, named.route if named else "", named.provider if named else "", stated)


def package_name(package: str) -> str:
    """Return the name in a package URL, "" where it is none; no version, qualifier or subpath counts."""
    kind, _, path = bare_package(package).removeprefix("pkg:").partition("/")
    if not path:
        return ""
    parts = [unquote(part) for part in path.split("/")]
    return parts[-1] if kind in _rules()["packages"]["without_namespace"] else "/".join(parts)


def bare_package(package: str) -> str:
    """Return a package URL without version, qualifiers and subpath, "" where it is none."""
    scheme, _, rest = package.strip().partition(":")
    kind, _, path = re.split(r"[?#]", rest, maxsplit=1)[0].strip("/").partition("/")
    before, at, version = path.rpartition("@")
    # An '@' of a namespace, as npm has them, is percent-encoded, or has a slash behind it.
    path = before if at and "/" not in version else path
    return f"pkg:{kind.lower()}/{path.strip('/')}" if scheme.lower() == "pkg" and kind and path else ""


def is_local(place: str) -> bool:
    """Whether a place is one on a machine: a path says nothing of what lies there, and much of who works there."""
    return place.strip().lower().startswith(tuple(_rules()["local"])) or _DRIVE.match(place.strip()) is not None


def dataset_name(place: str) -> str:
    """Return what a hub calls a data set, ``owner/name``; else the text as it is."""
    text, rules = place.strip(), _rules()["repositories"]
    for prefix in rules["prefixes"]:
        start = f"{prefix}datasets/"
        if text.lower().startswith(start):
            parts = re.split(r"[?#@]", text[len(start) :], maxsplit=1)[0].strip("/").split("/")
            alone = len(parts) > rules["parts"] and parts[1] in rules["folders"]
            return parts[0] if alone else "/".join(parts[: rules["parts"]])
    return text


def repository_name(repository: str) -> str:
    """Return the name of what lies at a place: ``owner/name`` of a hub, the name in a registry, else the URL.

    A place on a machine has none.
    """
    text = repository.strip()
    if is_local(text):
        return ""
    rules = _rules()["repositories"]
    for prefix in rules["prefixes"]:
        if text.lower().startswith(prefix):
            parts = re.split(r"[?#]", text[len(prefix) :], maxsplit=1)[0].strip("/").split("/")
            kept = parts[: next((at for at, part in enumerate(parts) if part in rules["folders"]), rules["parts"])]
            return re.split(r"[@:]", "/".join(kept[: rules["parts"]]), maxsplit=1)[0]
    for prefix in _rules()["registries"]["prefixes"]:
        if text.startswith(prefix):
            name = re.split(r"[/@]", text[len(prefix) :].strip("/"), maxsplit=1)[0]
            return "" if re.fullmatch(_rules()["registries"]["unnamed"], name) else unquote(name)
    return public_url(text).rstrip("/") if _is_address(text) else text.strip("/")


def _is_address(text: str) -> bool:
    """Whether a text says where something lies, and not only what it is called."""
    return "://" in text or text.startswith(tuple(_rules()["registries"]["prefixes"]))


def _shown(repository: str) -> str:
    """Return the place as it may be kept."""
    if is_local(repository):
        return ""
    return public_url(repository) if _is_address(repository) else repository.strip()


def _last_of_arn(name: str) -> str:
    """Return what an account calls a model for which nobody else has a name; the account's number is left out."""
    return name.rpartition("/")[2] if name.startswith("arn:") and "/" in name else ""


@lru_cache(maxsize=1)
def _rules() -> Any:
    return json.loads((files("stratagraph.loaders.formats") / "identities.json").read_text("utf-8"))
