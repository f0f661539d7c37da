"""Whatever is done to a folder between its loads: what the source says is what the folder holds now."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from stratagraph.loaders import files
from stratagraph.loaders.folders import read_paths
from stratagraph.loaders.scopes import plan
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.service.ledger.ledger import Ledger

MODEL = load_model()
SINGLE_VALUED = frozenset(iri for iri, info in MODEL.attributes.items() if info.single_valued)
SOURCE = "team"
FILES = ("a.yaml", "b.YAML", "c.ttl", "d.json", "sub/a.yaml", "sub/deep/e.TTL")

Step = tuple[str, int, int]
EDITS = ("write", "empty", "remove", "rename", "folder", "checkout", "alone")
steps = st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=8)


def content(name: str, number: int) -> str:
    """A file that states one asset of its own number, and one that all files of it share."""
    if name.lower().endswith(".ttl"):
        return f'<{ASSET_BASE}BaseModel/m{number}> a <{SG.BaseModel}> ; <{SG.name}> "m{number}" .\n'
    if name.endswith(".json"):
        return f'{{"assets": [{{"kind": "BaseModel", "name": "m{number}"}}]}}'
    return f"assets:\n- kind: BaseModel\n  name: m{number}\n  accelerator: of {number}\n"


def edit(folder: Path, step: Step) -> Path:
    """Do something to the folder; return where it lies now."""
    what, first, second = step
    file, other = folder / FILES[first], folder / FILES[second]
    if what == "checkout":
        return Path(shutil.copytree(folder, folder.with_name(f"{folder.name}-{first}"), dirs_exist_ok=False))
    if what in ("write", "alone"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content(file.name, second), encoding="utf-8")
    elif what == "empty" and file.exists():
        file.write_text("", encoding="utf-8")
    elif what == "remove":
        file.unlink(missing_ok=True)
    elif what == "rename" and file.exists() and file.suffix.lower() == other.suffix.lower():
        other.parent.mkdir(parents=True, exist_ok=True)
        file.rename(other)
    elif what == "folder" and (folder / "sub").exists() and not (folder / f"sub{first}").exists():
        (folder / "sub").rename(folder / f"sub{first}")
    return folder


def load(ledger: Ledger, path: Path) -> None:
    """What ``stratagraph load`` does between reading its arguments and telling the result."""
    known = {scope.name: scope.open_claims for record in ledger.sources(source=SOURCE) for scope in record.scopes}
    planned = plan(read_paths([path]), known)
    loaded = files.transform(planned.files, model=MODEL, base=ASSET_BASE, source=SOURCE)
    ledger.commit(planned.closing(loaded.batch), ontology_hash="test", single_valued=SINGLE_VALUED)


def said(ledger: Ledger) -> set[tuple[Fact, str]]:
    """What the source says, and where."""
    return {(claim.fact, claim.scope) for claim in ledger.open_claims()}


def holds(folder: Path) -> set[tuple[Fact, str]]:
    """What the folder says, to somebody who never saw it before."""
    found = files.transform(plan(read_paths([folder]), {}).files, model=MODEL, base=ASSET_BASE, source=SOURCE)
    return {(fact, scope.name) for scope in found.batch.scopes for fact in scope.stated}


def assets(facts: Iterable[tuple[Fact, str]]) -> set[str]:
    return {fact.subject for fact, _ in facts if fact.predicate == RDF.type}


@settings(max_examples=20)
@given(edits=steps)
@example(edits=[("write", 0, 1), ("rename", 0, 4)])
@example(edits=[("write", 0, 1), ("write", 4, 2), ("remove", 0, 0), ("checkout", 1, 0), ("remove", 4, 0)])
@example(edits=[("write", 4, 1), ("alone", 4, 2), ("folder", 3, 0)])
def test_what_the_source_says_is_what_the_folder_holds(edits: list[Step]) -> None:
    with TemporaryDirectory() as place, Ledger.open(Path(place) / "ledger.sqlite") as ledger:
        folder = Path(place) / "estate"
        folder.mkdir()
        for step in edits:
            try:
                folder = edit(folder, step)
            except FileExistsError:
                continue
            # A file loaded alone makes a difference until its folder is loaded, and none after that.
            changed = folder / FILES[step[1]]
            if step[0] == "alone" and changed.exists():
                load(ledger, changed)
            load(ledger, folder)
            assert said(ledger) == holds(folder)
        with Ledger.open(Path(place) / "fresh.sqlite") as fresh:
            load(fresh, folder)
            assert said(ledger) == said(fresh)
        numbers = {path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()} - {""}
        assert len(assets(said(ledger))) == len({text.split("m", 1)[1][:1] for text in map(_name, numbers)})


def _name(text: str) -> str:
    """The asset that a file's text states, as m and its number."""
    return next(f"m{number}" for number in range(6) if f"m{number}" in text)
