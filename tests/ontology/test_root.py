"""The ontology as an artefact: a root that imports every module, a catalog, and what other tools need of each file."""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files
from xml.etree import ElementTree as ET

import pytest
import rdflib
from rdflib.compare import isomorphic
from rdflib.namespace import OWL as O

import stratagraph
from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.mappings import MAPPINGS_FILE, sssom
from stratagraph.ontology.model import load_model
from stratagraph.ontology.module_files import MODULES, module_files
from stratagraph.ontology.namespaces import DCT, MODULE_BASE, OWL, RDF, RDFS, ROOT_IRI, SG, SKOS, VANN, local_name
from stratagraph.ontology.publishing import NoSuchModule, Syntax, merged, module_facts, root_facts, written

MODEL = load_model()
HOME = files("stratagraph.ontology")
ROOT = Graph(root_facts())
KINDS = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
ANNOTATIONS = frozenset(MODEL.graph.instances(OWL.AnnotationProperty)) | {RDFS.label, RDFS.comment, RDFS.seeAlso}
CASE_PAIRS = frozenset(
    [
        "aspect",
        "controlKind",
        "direction",
        "dutyRole",
        "implementationStatus",
        "legalBasis",
        "level",
        "metric",
        "metricKind",
        "obligation",
        "policy",
        "policyKind",
        "provider",
        "region",
        "riskClass",
        "riskKind",
        "scope",
        "screeningResult",
        "source",
        "transferMechanism",
    ]
)
HEADERS = {fact.subject: name for name, facts in MODEL.modules.items() for fact in facts if fact.object == OWL.Ontology}


def test_the_root_imports_every_module_and_the_catalog_tells_where_each_is() -> None:
    imported = set(ROOT.iris(ROOT_IRI, OWL.imports))
    assert imported == set(HEADERS) == {MODULE_BASE + name.removesuffix(".ttl") for name in MODEL.modules}
    catalog = ET.fromstring((HOME / "catalog-v001.xml").read_text("utf-8"))  # noqa: S314 - our own file
    places = {uri.get("name"): uri.get("uri") for uri in catalog}
    assert places.pop(ROOT_IRI) == "stratagraph.ttl"
    found = {name: file.relative_to(MODULES).as_posix() for name, file in module_files().items()}
    assert places == {iri: f"modules/{found[name]}" for iri, name in HEADERS.items()}


def test_every_module_stands_in_the_folder_of_its_branch() -> None:
    """What Protégé's user sees first is the list of files: branches, and names that do not repeat them."""
    files = [file.relative_to(MODULES) for file in MODULES.rglob("*.ttl")]
    assert len(files) == len(MODEL.modules)
    assert [file for file in files if len(file.parts) != 2] == []
    assert [file for file in files if file.name.startswith(f"{file.parent}-")] == []


def test_the_root_says_what_the_whole_is() -> None:
    assert ROOT.value(ROOT_IRI, OWL.versionInfo) == stratagraph.__version__
    assert ROOT.iri(ROOT_IRI, OWL.versionIRI) == f"{ROOT_IRI}/{stratagraph.__version__}"
    assert ROOT.iri(ROOT_IRI, DCT.license) == "https://spdx.org/licenses/Apache-2.0"
    assert ROOT.value(ROOT_IRI, VANN.preferredNamespacePrefix) == "sg"
    assert ROOT.value(ROOT_IRI, VANN.preferredNamespaceUri) == SG
    for predicate in (DCT.term("title"), DCT.description):
        assert ROOT.texts(ROOT_IRI, predicate).keys() == {"en", "pt-br"}
    for predicate in (DCT.creator, DCT.created, DCT.modified):
        assert ROOT.value(ROOT_IRI, predicate)
    used = {fact.predicate for fact in root_facts() if fact.predicate.startswith((DCT, VANN))}
    assert used <= set(ROOT.instances(OWL.AnnotationProperty))


def closure_of(name: str) -> set[str]:
    """The modules that one brings along, itself among them."""
    found, agenda = {name}, [name]
    while agenda:
        for fact in MODEL.modules[agenda.pop()]:
            module = HEADERS.get(str(fact.object)) if fact.predicate == OWL.imports else None
            if module and module not in found:
                found.add(module)
                agenda.append(module)
    return found


def used_by(facts: tuple[Fact, ...]) -> set[Iri]:
    """The names that OWL 2 DL wants declared: all but those that stand in annotations."""
    logical = [fact for fact in facts if fact.predicate not in ANNOTATIONS]
    return {fact.predicate for fact in facts} | {fact.object for fact in logical if isinstance(fact.object, str)}


@pytest.mark.parametrize("name", MODEL.modules)
def test_a_module_with_its_imports_declares_what_it_names(name: str) -> None:
    """Opened alone in Protégé or ROBOT it is OWL 2 DL; the nightly run lets the OWL API judge the same."""
    together = Graph(fact for each in closure_of(name) for fact in MODEL.modules[each])
    declared = set(together.instances(*KINDS))
    named = {term for term in used_by(MODEL.modules[name]) if term in set(MODEL.graph.instances(*KINDS))}
    assert named - declared == set()


def test_the_reach_of_the_imports_is_needed() -> None:
    """An import without use misleads: drop it, unless a module that imports this one needs it."""
    described = {
        name: {f.subject for f in facts if f.predicate == RDF.type and f.object != OWL.Ontology}
        for name, facts in MODEL.modules.items()
    }
    users = defaultdict(set)
    for name in MODEL.modules:
        for module in closure_of(name):
            users[module].add(name)
    idle = []
    for iri, name in HEADERS.items():
        for fact in MODEL.modules[name]:
            if fact.subject == iri and fact.predicate == OWL.imports:
                brought = set().union(*(described[each] for each in closure_of(HEADERS[str(fact.object)])))
                spoken = {
                    term
                    for user in users[name]
                    for f in MODEL.modules[user]
                    for term in (f.subject, f.predicate, f.object)
                }
                if not brought & spoken:
                    idle.append((name, local_name(str(fact.object))))
    assert idle == []


def test_no_further_terms_differ_by_case_alone() -> None:
    """On file systems and in languages that ignore case they are one; these are old, and may only become fewer."""
    names = defaultdict(set)
    for fact in MODEL.triples:
        if fact.predicate == RDF.type and fact.subject.startswith(SG):
            names[local_name(fact.subject).lower()].add(local_name(fact.subject))
    pairs = {max(found) for found in names.values() if len(found) > 1}  # a property's name, beside its range's
    assert pairs <= CASE_PAIRS
    individuals = set(MODEL.graph.instances(OWL.NamedIndividual))
    assert not [name for name in pairs if {SG.term(name), SG.term(name[0].upper() + name[1:])} & individuals]


def test_every_individual_and_every_foreign_term_has_a_name() -> None:
    typed = {fact.subject for fact in MODEL.triples if fact.predicate == RDF.type}
    named = {iri for iri in typed if "/.well-known/genid/" not in iri}
    assert {iri for iri in named if iri not in MODEL.labels} == set()
    ours = {iri for iri in named if iri.startswith(ROOT_IRI)}
    assert {iri for iri in ours if not {"en", "pt-br"} <= MODEL.labels[iri].keys()} == set()


def test_no_two_classes_and_no_two_properties_have_the_same_name() -> None:
    for group in (MODEL.classes, {**MODEL.relations, **MODEL.attributes}):
        names = defaultdict(set)
        for iri in (iri for iri in group if iri.startswith(SG)):
            for tag, label in MODEL.labels[iri].items():
                names[tag, label.lower()].add(local_name(iri))
        deprecated = {local_name(iri) for iri, _ in MODEL.graph.pairs(OWL.deprecated)}
        assert {label: found for label, found in names.items() if len(found - deprecated) > 1} == {}


def test_a_term_is_described_in_one_module() -> None:
    places = defaultdict(set)
    for name, facts in MODEL.modules.items():
        for fact in facts:
            if fact.predicate in {RDFS.label, SKOS.definition}:
                places[fact.subject].add(name)
    shared = {iri: names for iri, names in places.items() if len(names) > 1}
    assert shared == {}


def test_python_can_read_the_name_of_an_asset() -> None:
    [said] = [fact for fact in MODEL.triples if local_name(fact.predicate) == "python_name"]
    assert (said.subject, said.object) == (SG.name, Literal("asset_name"))


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
@pytest.mark.parametrize("syntax", Syntax)
def test_a_module_is_the_same_in_every_syntax(syntax: Syntax) -> None:
    document = written(module_facts(MODEL, "levels"), syntax)
    levels = module_files()["levels.ttl"].read_text("utf-8")  # language tags know no case
    read = rdflib.Graph().parse(data=document, format=syntax.value)
    original = rdflib.Graph().parse(data=levels.replace("@pt-BR", "@pt-br"), format="turtle")
    assert isomorphic(read, original)


def test_the_merge_is_one_ontology_with_every_axiom() -> None:
    read = rdflib.Graph().parse(data=written(merged(MODEL), Syntax.TURTLE), format="turtle")
    assert [str(iri) for iri in read.subjects(rdflib.RDF.type, O.Ontology)] == [ROOT_IRI]
    assert not list(read.triples((None, O.imports, None)))
    heads = [fact for fact in MODEL.triples if fact.subject in HEADERS]
    headed = [fact for fact in root_facts() if fact.predicate != OWL.imports]
    assert len(read) == len({*MODEL.triples, *headed} - set(heads))
    assert not [term for term in read.all_nodes() if "/genid/" in str(term)]


def test_an_unknown_module_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(NoSuchModule, match="assets"):
        module_facts(MODEL, "asets")


def test_the_mappings_are_written_down_as_they_are() -> None:
    """To mend it: stratagraph ontology export --format sssom --out ontology/stratagraph.sssom.tsv."""
    assert (HOME / MAPPINGS_FILE).read_text("utf-8") == sssom(MODEL)


def test_a_subject_has_at_most_one_exact_match() -> None:
    exact = [subject for subject, _ in MODEL.graph.pairs(SKOS.exactMatch)]
    assert sorted(exact) == sorted(set(exact))
