"""The ontology as values: what its modules say, read once, so that code never repeats it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from stratagraph.ontology import sections
from stratagraph.ontology.class_axioms import ClassAxioms
from stratagraph.ontology.facts import Batch, Fact, Iri, Method, Scope
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.infos import (
    AspectInfo,
    AttributeInfo,
    Chain,
    ChangeKindInfo,
    ChecklistStep,
    ClassInfo,
    FlowInfo,
    LevelInfo,
    MannerInfo,
    MetricInfo,
    ModeInfo,
    RelationInfo,
    Transmission,
)
from stratagraph.ontology.kept import KeptCore
from stratagraph.ontology.languages import FALLBACK_LANGUAGE, text_in
from stratagraph.ontology.module_files import module_files
from stratagraph.ontology.namespaces import ONTOLOGY_IRI, OWL, RDFS, SKOS, local_name
from stratagraph.ontology.stated import Modules, Stated
from stratagraph.ontology.syntax.parsing import RdfSyntax, declared_prefixes, parse_rdf

__all__ = [
    "CORE_SOURCE",
    "AspectInfo",
    "AttributeInfo",
    "Chain",
    "ChangeKindInfo",
    "ChecklistStep",
    "ClassInfo",
    "FlowInfo",
    "LevelInfo",
    "MannerInfo",
    "MetricInfo",
    "ModeInfo",
    "OntologyModel",
    "RelationInfo",
    "Transmission",
    "load_model",
]

CORE_SOURCE: Final = "stratagraph:core"
"""The source under which the ontology enters the ledger."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OntologyModel:
    """Everything the modules say.

    ``stated`` are the facts themselves.
    ``hash`` is a SHA-256 over the sorted triples in canonical N-Triples: equal knowledge gives an equal hash.
    Texts are keyed by lower-case language tag; ``alternatives`` are further names of a term, whatever their language.
    ``annotations`` are the properties that only describe.
    ``prefixes`` are those that a user's modules declare, with every namespace that one of them stands for.
    """

    hash: str
    stated: Stated
    labels: Mapping[Iri, Mapping[str, str]]
    definitions: Mapping[Iri, Mapping[str, str]]
    alternatives: Mapping[Iri, tuple[str, ...]]
    class_axioms: ClassAxioms
    classes: Mapping[Iri, ClassInfo]
    relations: Mapping[Iri, RelationInfo]
    attributes: Mapping[Iri, AttributeInfo]
    annotations: frozenset[Iri]
    levels: tuple[LevelInfo, ...]
    aspects: Mapping[Iri, AspectInfo]
    modes: Mapping[Iri, ModeInfo]
    manners: Mapping[Iri, MannerInfo]
    metrics: Mapping[Iri, MetricInfo]
    change_kinds: Mapping[Iri, ChangeKindInfo]
    checklist: tuple[ChecklistStep, ...]
    chains: tuple[Chain, ...]
    prefixes: Mapping[str, tuple[Iri, ...]] = field(default_factory=dict)

    @property
    def triples(self) -> tuple[Fact, ...]:
        """Everything that the modules state, each fact once."""
        return self.stated.triples

    @property
    def graph(self) -> Graph:
        """The same, indexed."""
        return self.stated.graph

    @property
    def modules(self) -> Modules:
        """The facts of each module by its name."""
        return self.stated.modules

    def label(self, iri: Iri, lang: str = FALLBACK_LANGUAGE) -> str:
        """Return a term's label for a reader of a language, as ``text_in`` chooses it, else its local name."""
        return text_in(self.labels.get(iri, {}), lang) or local_name(iri)

    def definition(self, iri: Iri, lang: str = FALLBACK_LANGUAGE) -> str:
        """Return a term's definition, chosen like its label; "" where it has none."""
        return text_in(self.definitions.get(iri, {}), lang) or ""

    def ancestors(self, cls: Iri) -> frozenset[Iri]:
        """Return a class's super-classes and itself; of an unknown class only itself."""
        info = self.classes.get(cls)
        return info.ancestors if info else frozenset({cls})

    def narrowest(self, classes: Iterable[Iri]) -> Iri | None:
        """Return the class that no other of the classes lies below, the first by IRI where several remain."""
        known = [cls for cls in classes if cls in self.classes]
        # Equivalent classes lie above each other, and neither is the wider one.
        wider = {above for cls in known for above in self.ancestors(cls) if cls not in self.ancestors(above)}
        return min((cls for cls in known if cls not in wider), default=None)

    def level_of(self, types: Iterable[Iri]) -> Iri | None:
        """Return the level of a thing of these types; None where no type has one."""
        # Where types lie on different levels, the same one is taken in every run.
        known = (self.classes[cls].level for cls in sorted(types) if cls in self.classes)
        return next((level for level in known if level), None)

    def as_batch(self) -> Batch:
        """State the ontology as facts for the ledger: one complete scope per module, the hash as the run."""
        scopes = (Scope(name=name, complete=True, stated=facts) for name, facts in self.modules.items())
        return Batch(source=CORE_SOURCE, run=self.hash, method=Method.DECLARED, scopes=tuple(scopes))


def load_model(extra: Sequence[Path] = ()) -> OntologyModel:
    """Read the ontology's modules, and those of a user's own folders or files after them.

    Raises:
        MalformedRdf: where a module is not Turtle.
    """
    return _read(tuple(Path(path) for path in extra)) if extra else _core()


def extend(
    core: OntologyModel,
    modules: Mapping[str, tuple[Fact, ...]],
    prefixes: Mapping[str, tuple[Iri, ...]] | None = None,
) -> OntologyModel:
    """Return the ontology with further modules, given by name, and the prefixes that they declare.

    Raises:
        ValueError: where a module states something in a form that no section takes, a strength in words for example.
    """
    return _assemble(core.stated.extended(modules), prefixes or {})


def of_modules(modules: Modules) -> OntologyModel:
    """Return the ontology that some modules' facts make.

    Raises:
        ValueError: where a module states something in a form that no section takes.
    """
    return _assemble(Stated(lambda: modules), {})


def read_module(file: Path, name: str) -> tuple[Fact, ...]:
    """Read the facts of one Turtle module, under the name that keeps its blank nodes apart from others'.

    Raises:
        MalformedRdf: where it is not Turtle.
    """
    return read_text(file.read_bytes(), RdfSyntax.TURTLE, str(file), name)


def read_text(data: bytes, syntax: RdfSyntax, file: str, name: str) -> tuple[Fact, ...]:
    """Read the facts of a module from its text; errors speak of the file.

    Raises:
        MalformedRdf: where it is not of the syntax.
    """
    return tuple(parse_rdf(data, syntax, ONTOLOGY_IRI, file, salt=name))


@lru_cache(maxsize=1)
def _core() -> OntologyModel:
    """Return the core as it was read before, by this user and from the same texts, else read it now and keep it."""
    kept = KeptCore(module_files().values())
    stated = Stated(lambda: kept.modules() or _core_modules())
    model = kept.model(stated)
    # Read from a file, it is anything until its type is known.
    if not isinstance(model, OntologyModel):
        model = _read(())
        kept.keep(model, model.stated)
    return model


def _core_modules() -> dict[str, tuple[Fact, ...]]:
    return {name: read_module(file, name) for name, file in module_files().items()}


def _read(extra: Sequence[Path]) -> OntologyModel:
    modules = _core_modules()
    for path in extra:
        # A user's file called like one of the core's must not take its place.
        modules.update(_modules(path, prefix=f"{path.name}/"))
    prefixes = prefixes_of(declared_prefixes(file.read_bytes()) for path in extra for file in _files(path))
    return _assemble(Stated(lambda: modules), prefixes)


def prefixes_of(modules: Iterable[Mapping[str, Iri]]) -> dict[str, tuple[Iri, ...]]:
    """Return the prefixes that modules declare, each with every namespace that it stands for."""
    found: dict[str, dict[Iri, None]] = {}
    for declared in modules:
        for prefix, namespace in declared.items():
            found.setdefault(prefix, {})[namespace] = None
    return {prefix: tuple(namespaces) for prefix, namespaces in found.items()}


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.ttl")) if path.is_dir() else [path]


def _modules(path: Path, *, prefix: str) -> Iterator[tuple[str, tuple[Fact, ...]]]:
    """Yield the name and facts of each Turtle file in a folder, in alphabetical order, or of a single file."""
    for file in _files(path):
        name = prefix + file.name
        yield name, read_module(file, name)


def _assemble(stated: Stated, prefixes: Mapping[str, tuple[Iri, ...]]) -> OntologyModel:
    graph = stated.graph
    class_axioms = sections.class_axioms(graph)
    classes = sections.classes(graph, class_axioms)
    manners = sections.manners(graph)
    return OntologyModel(
        hash=sha256("\n".join(stated.lines).encode()).hexdigest(),
        stated=stated,
        labels=sections.texts(graph, RDFS.label),
        definitions=sections.texts(graph, SKOS.definition),
        alternatives=sections.alternatives(graph),
        class_axioms=class_axioms,
        classes=classes,
        relations=sections.relations(graph, manners),
        attributes=sections.attributes(graph),
        annotations=frozenset(graph.instances(OWL.AnnotationProperty)),
        levels=sections.levels(graph),
        aspects=sections.aspects(graph),
        modes=sections.modes(graph),
        manners=manners,
        metrics=sections.metrics(graph, classes),
        change_kinds=sections.change_kinds(graph, manners),
        checklist=sections.checklist(graph),
        chains=sections.chains(graph),
        prefixes=prefixes,
    )
