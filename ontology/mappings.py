"""The alignments as SSSOM, the table that mapping tools read: a row per mapping, below a header that says whose."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import DCT, OWL, RDFS, ROOT_IRI, SEMAPV, SG, SKOS
from stratagraph.ontology.publishing import root_facts

VOCABULARIES_FILE: Final = Path(__file__).parent / "vocabularies.yaml"
MAPPINGS_FILE: Final = "stratagraph.sssom.tsv"
_MATCHES: Final = (
    SKOS.exactMatch,
    SKOS.closeMatch,
    SKOS.broadMatch,
    SKOS.narrowMatch,
    SKOS.relatedMatch,
    RDFS.subClassOf,
)
_COLUMNS: Final = (
    "subject_id",
    "subject_label",
    "predicate_id",
    "object_id",
    "mapping_justification",
    "object_source",
    "object_source_version",
)


def sssom(model: OntologyModel) -> str:
    """Return the mappings of a model to the vocabularies that it is aligned with."""
    vocabularies: dict[str, dict[str, Any]] = yaml.safe_load(VOCABULARIES_FILE.read_text(encoding="utf-8"))
    bases = {prefix: str(found["namespace"]) for prefix, found in vocabularies.items()}
    curies = {"sg": str(SG), "skos": str(SKOS), "rdfs": str(RDFS), "semapv": str(SEMAPV)} | bases
    out = io.StringIO()
    # SSSOM keeps its header as YAML in comments above the table.
    for line in yaml.safe_dump(_header(curies), sort_keys=False, allow_unicode=True).splitlines():
        out.write(f"# {line}\n")
    table = csv.DictWriter(out, _COLUMNS, delimiter="\t", lineterminator="\n")
    table.writeheader()
    for subject, predicate, target in sorted(_pairs(model, bases)):
        prefix = next(prefix for prefix, base in bases.items() if target.startswith(base))
        table.writerow(
            {
                "subject_id": _curie(subject, curies),
                "subject_label": model.label(subject),
                "predicate_id": _curie(predicate, curies),
                "object_id": _curie(target, curies),
                "mapping_justification": "semapv:ManualMappingCuration",
                "object_source": bases[prefix],
                "object_source_version": str(vocabularies[prefix]["version"]),
            }
        )
    return out.getvalue()


def _header(curies: Mapping[str, str]) -> dict[str, Any]:
    graph = Graph(root_facts())
    return {
        "curie_map": dict(curies),
        "mapping_set_id": f"{ROOT_IRI}/{MAPPINGS_FILE}",
        "mapping_set_version": graph.value(ROOT_IRI, OWL.versionInfo),
        "license": graph.iri(ROOT_IRI, DCT.license),
        "creator_label": [graph.value(ROOT_IRI, DCT.creator)],
        "mapping_date": str(graph.value(ROOT_IRI, DCT.modified)),
        "subject_source": ROOT_IRI,
    }


def _pairs(model: OntologyModel, bases: Mapping[str, str]) -> Iterator[tuple[Iri, Iri, Iri]]:
    foreign = tuple(bases.values())
    for predicate in _MATCHES:
        for subject, target in model.graph.pairs(predicate):
            if subject.startswith(SG) and isinstance(target, str) and target.startswith(foreign):
                yield subject, predicate, target


def _curie(iri: Iri, curies: Mapping[str, str]) -> str:
    prefix = next(prefix for prefix, base in curies.items() if iri.startswith(base))
    return f"{prefix}:{iri.removeprefix(curies[prefix])}"
