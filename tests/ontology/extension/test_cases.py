"""Extension modules that were judged wrongly once: each kind of case with what is right for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratagraph.ontology.extension.extension import Extended
from stratagraph.ontology.extension.findings import Finding, Severity, in_lines
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import OWL, PROV, RDF, RDFS, SG
from tests.ontology.extension.extending import LABELS, MY, as_read, extended, lacking, module_of, written

OWN_TERMS = {
    "described": "prov:Entity a owl:Class ; rdfs:isDefinedBy <http://www.w3.org/ns/prov#> ; rdfs:label 'Entity' .",
    "made disjoint": "prov:Activity a owl:Class ; owl:disjointWith prov:Entity ; rdfs:label 'Activity'@en .",
    "given a superclass": "sosa:Observation a owl:Class ; rdfs:subClassOf my:Event . my:Event a owl:Class .",
    "restricted": """sosa:Observation a owl:Class ; rdfs:subClassOf [ a owl:Restriction ;
        owl:onProperty sosa:hasResult ; owl:minCardinality 1 ] . sosa:hasResult a owl:ObjectProperty ;
        rdfs:range sosa:Result . sosa:Result a owl:Class .""",
    "annotated": "airo:Risk a owl:Class ; dct:description 'Some text'@en ; my:editor 'Somebody' . "
    "my:editor a owl:AnnotationProperty .",
    "with a header": "<http://www.w3.org/ns/prov#> a owl:Ontology ; owl:versionInfo '1' ; rdfs:comment ''@en . "
    "rdfs:comment a owl:AnnotationProperty . owl:Thing a owl:Class . prov:Entity a owl:Class .",
    "as a class of RDFS": "prov:Entity a rdfs:Class ; rdfs:subClassOf rdfs:Resource .",
}
"""What owners say of terms that the core names in its alignments."""


FAULTS = {
    "a superclass": "sg:Document rdfs:subClassOf prov:Plan .",
    "a disjointness": "sg:Document owl:disjointWith prov:Activity .",
    "an equivalence": "sg:usesModel owl:equivalentProperty my:uses .",
    "a module": "<https://w3id.org/stratagraph/module/assets> rdfs:label 'x'@en .",
    "a contradiction": "prov:Entity owl:disjointWith prov:SoftwareAgent . my:one a sg:Agent , prov:Entity .",
}


@pytest.fixture(name="owners", scope="module")
def _owners(tmp_path_factory: pytest.TempPathFactory) -> Extended:
    """All owners' and all faulty modules in one folder: each is judged beside those before it."""
    night = f"my:Night a owl:Class ; rdfs:subClassOf prov:Activity ; {LABELS} ."
    modules = {f"1 {name}": turtle for name, turtle in OWN_TERMS.items()}
    modules |= {f"2 {name}": turtle for name, turtle in FAULTS.items()}
    return extended(written(tmp_path_factory.mktemp("owners"), modules | {"night": night}))


@pytest.mark.parametrize("name", OWN_TERMS)
def test_an_owner_may_describe_terms_that_the_core_only_names(owners: Extended, name: str) -> None:
    assert module_of(owners, f"1 {name}").accepted
    assert PROV.Activity in owners.model.ancestors(f"{MY}Night")


@pytest.mark.parametrize("name", FAULTS)
def test_what_changes_or_contradicts_the_core_is_still_refused(owners: Extended, name: str) -> None:
    assert not module_of(owners, f"2 {name}").accepted


UNREAD = {
    "equivalent classes": ("my:A owl:equivalentClass my:B .", "ontology#A> owl:equivalentClass"),
    "a defined class": ("my:A owl:equivalentClass [ owl:unionOf ( sg:Agent sg:Tool ) ] .", "(sg:Agent or sg:Tool)"),
    "a union": ("my:A owl:unionOf ( my:B sg:Tool ) .", "owl:unionOf"),
    "an intersection above": ("my:A rdfs:subClassOf [ owl:intersectionOf ( my:B sg:Agent ) ] .", "and sg:Agent"),
    "a value": ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:hasValue my:x ] .", "value"),
    "some": ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:someValuesFrom my:B ] .", "some"),
    "only": ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:allValuesFrom my:B ] .", "only"),
    "a number": ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:maxCardinality 1 ] .", "max 1"),
    "itself": (
        "my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:hasSelf true ] .",
        "ontology#A> rdfs:subClassOf",
    ),
    "an expression below": (
        "[ a owl:Restriction ; owl:onProperty my:p ; owl:someValuesFrom my:B ] rdfs:subClassOf my:A .",
        "class expression",
    ),
    "one of": ("my:A owl:oneOf ( my:x my:y ) .", "owl:oneOf"),
    "a complement": ("my:A owl:complementOf my:B .", "owl:complementOf"),
    "a disjoint union": ("my:A owl:disjointUnionOf ( my:B my:C ) . my:C a owl:Class .", "owl:disjointUnionOf"),
    "a key": ("my:A owl:hasKey ( my:p ) .", "owl:hasKey"),
    "equivalent properties": ("my:p owl:equivalentProperty my:q .", "owl:equivalentProperty"),
    "disjoint properties": ("my:p owl:propertyDisjointWith my:q .", "owl:propertyDisjointWith"),
    "a group of disjoint properties": (
        "[] a owl:AllDisjointProperties ; owl:members ( my:p my:q ) .",
        "owl:AllDisjointProperties",
    ),
    "same": ("my:x owl:sameAs my:y .", "owl:sameAs"),
    "different": ("my:x owl:differentFrom my:y .", "owl:differentFrom"),
    "all different": ("[] a owl:AllDifferent ; owl:distinctMembers ( my:x my:y ) .", "owl:AllDifferent"),
    "a denial": (
        (
            "[] a owl:NegativePropertyAssertion ; owl:sourceIndividual my:x ; owl:assertionProperty my:p ; "
            "owl:targetIndividual my:y ."
        ),
        "not: ",
    ),
    "functional": ("my:p a owl:FunctionalProperty .", "owl:FunctionalProperty"),
    "inverse functional": ("my:p a owl:InverseFunctionalProperty .", "owl:InverseFunctionalProperty"),
    "irreflexive": ("my:p a owl:IrreflexiveProperty .", "owl:IrreflexiveProperty"),
    "asymmetric": ("my:p a owl:AsymmetricProperty .", "owl:AsymmetricProperty"),
    "a chain of three": ("my:p owl:propertyChainAxiom ( my:p my:q my:p ) .", "owl:propertyChainAxiom"),
    "a chain over an inverse": (
        "my:p owl:propertyChainAxiom ( [ owl:inverseOf my:q ] my:p ) .",
        "owl:propertyChainAxiom",
    ),
    "two domains": ("my:p rdfs:domain my:A , my:B .", "rdfs:domain"),
    "an intersection as range": ("my:p rdfs:range [ owl:intersectionOf ( my:A my:B ) ] .", "rdfs:range"),
    "a rule": ("[] a swrl:Imp .", "swrl#Imp"),
}
"""What the reasoner understands and nothing else here, with a part of the line that has to tell it."""

WORLD = f"""
my:A a owl:Class ; {LABELS} . my:B a owl:Class ; {LABELS} .
my:p a owl:ObjectProperty ; sg:transmitsNothing true ; {LABELS} .
my:q a owl:ObjectProperty ; sg:transmitsNothing true ; {LABELS} . my:x a my:A . my:y a my:A .
"""


@pytest.mark.parametrize(("turtle", "words"), UNREAD.values(), ids=UNREAD)
def test_an_axiom_that_derives_nothing_is_told(tmp_path: Path, turtle: str, words: str) -> None:
    told = lacking(tmp_path, "reasoner-only", world=WORLD + turtle)
    assert told
    assert any(words in finding.term for finding in told)


READ = {
    "a class below another": "my:A rdfs:subClassOf my:B .",
    "a property below another": "my:p rdfs:subPropertyOf my:q .",
    "inverses": "my:p owl:inverseOf my:q .",
    "symmetric": "my:p a owl:SymmetricProperty .",
    "transitive": "my:p a owl:TransitiveProperty .",
    "a chain of two": "my:p owl:propertyChainAxiom ( my:q my:q ) .",
    "ends": "my:p rdfs:domain my:A ; rdfs:range my:B .",
    "a union as range": "my:p rdfs:range [ a owl:Class ; owl:unionOf ( my:A my:B ) ] .",
    "disjoint classes": "my:B owl:disjointWith sg:Tool .",
    "a group of disjoint classes": "[] a owl:AllDisjointClasses ; owl:members ( my:B sg:Tool ) .",
    "the same domain in another module": "my:p rdfs:domain my:A .",
}


@pytest.mark.parametrize("turtle", READ.values(), ids=READ)
def test_an_axiom_that_is_read_is_not_warned_of(tmp_path: Path, turtle: str) -> None:
    again = "" if "[" in turtle else turtle  # a blank node of another module is another axiom
    assert not lacking(tmp_path, world=WORLD + turtle, again=again)


def kinds_of(folder: Path, name: str) -> tuple[bool, bool, bool]:
    facts = {fact for module in as_read(folder) for fact in module.facts}
    declared = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
    class_, relation, attribute = (Fact(MY + name, RDF.type, kind) in facts for kind in declared)
    return class_, relation, attribute


CLASS, RELATION, ATTRIBUTE, NOTHING = (True, False, False), (False, True, False), (False, False, True), (False,) * 3


@pytest.mark.parametrize(
    ("turtle", "kind"),
    [
        ("my:t a rdfs:Class ; rdfs:subClassOf sg:Agent .", CLASS),
        ("my:t a rdfs:Class , owl:Class .", CLASS),
        ("my:t a rdf:Property ; rdfs:range sg:Asset .", RELATION),
        ("my:t a rdf:Property ; rdfs:range my:R . my:R a rdfs:Class .", RELATION),
        ("my:t a rdf:Property ; rdfs:range [ a owl:Class ; owl:unionOf ( sg:Agent sg:Tool ) ] .", RELATION),
        ("my:t a rdf:Property ; rdfs:range rdfs:Resource .", RELATION),
        ("my:t a rdf:Property ; rdfs:range xsd:string .", ATTRIBUTE),
        ("my:t a rdf:Property ; rdfs:range rdfs:Literal .", ATTRIBUTE),
        ("my:t a rdf:Property ; rdfs:range my:dt . my:dt a rdfs:Datatype .", ATTRIBUTE),
        ("my:t a rdf:Property ; rdfs:subPropertyOf sg:uses .", RELATION),
        ("my:t a rdf:Property ; rdfs:subPropertyOf sg:name .", ATTRIBUTE),
        ("my:t a rdf:Property ; rdfs:subPropertyOf my:u . my:u a rdf:Property ; rdfs:range sg:Tool .", RELATION),
        ("my:t a rdf:Property ; owl:inverseOf sg:uses .", RELATION),
        ("my:t a owl:TransitiveProperty .", RELATION),
        ("my:t a owl:FunctionalProperty ; rdfs:range xsd:integer .", ATTRIBUTE),
        ("my:t a rdf:Property ; rdfs:subPropertyOf rdfs:label .", NOTHING),
        ("my:t a rdf:Property ; rdfs:range other:Unknown .", NOTHING),
        ("my:t a rdf:Property .", NOTHING),
        ("my:t a rdf:Property , owl:AnnotationProperty ; rdfs:range sg:Asset .", NOTHING),
        ("my:t a rdfs:Datatype .", NOTHING),
    ],
)
def test_rdfs_is_read_as_what_it_amounts_to(tmp_path: Path, turtle: str, kind: tuple[bool, bool, bool]) -> None:
    undecided = lacking(tmp_path, "undecided-property", rdfs=turtle)
    assert kinds_of(tmp_path, "t") == kind
    untold = kind == NOTHING and "rdf:Property" in turtle and "rdfs:label" not in turtle and "Annot" not in turtle
    assert bool(undecided) == untold


def test_a_class_of_a_later_module_decides_as_well(tmp_path: Path) -> None:
    assert not lacking(
        tmp_path, "undeclared", a="my:t a rdf:Property ; rdfs:range my:Late .", b="my:Late a rdfs:Class ."
    )
    assert kinds_of(tmp_path, "t") == RELATION


@pytest.mark.parametrize(
    ("turtle", "answered"),
    [
        ("<https://example.org/my> a owl:Ontology ; owl:imports <https://example.org/not-here> .", False),
        ("my:o a owl:Ontology ; owl:imports <https://w3id.org/stratagraph/module/asset> .", False),
        ("my:o a owl:Ontology ; owl:imports <https://w3id.org/stratagraph/module/assets> .", True),
        ("my:o a owl:Ontology ; owl:imports <https://w3id.org/stratagraph> .", True),
        ("my:o a owl:Ontology ; owl:imports <https://example.org/beside> .", True),
        ("my:o a owl:Ontology ; owl:imports <https://example.org/beside/2> .", True),
    ],
)
def test_an_import_that_was_not_read_is_told(tmp_path: Path, turtle: str, answered: bool) -> None:
    beside = "<https://example.org/beside> a owl:Ontology ; owl:versionIRI <https://example.org/beside/2> ."
    assert bool(lacking(tmp_path, "import-not-read", asking=turtle, beside=beside)) != answered


def test_an_import_that_was_left_out_is_told(tmp_path: Path) -> None:
    judged = extended(
        tmp_path,
        asking="my:o a owl:Ontology ; owl:imports <https://example.org/refused> .",
        refused="<https://example.org/refused> a owl:Ontology . sg:Tool a owl:ObjectProperty .",
    )
    asking = module_of(judged, "asking")
    assert asking.accepted
    assert [finding.rule for finding in asking.findings] == ["import-not-read"]


@pytest.mark.parametrize(
    ("turtle", "misspelt"),
    [
        ("my:A rdfs:subClassOf other:Persn .", "other#Persn"),
        ("my:p rdfs:domain other:Persn .", "other#Persn"),
        ("my:p rdfs:range other:Persn .", "other#Persn"),
        ("my:p rdfs:subPropertyOf other:knwos .", "other#knwos"),
        ("my:p owl:inverseOf other:knwos .", "other#knwos"),
        ("my:A owl:disjointWith other:Persn .", "other#Persn"),
        ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty other:k ; owl:someValuesFrom my:B ] .", "other#k"),
        ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:someValuesFrom other:P ] .", "other#P"),
        ("my:A owl:equivalentClass [ owl:unionOf ( my:B other:Persn ) ] .", "other#Persn"),
        ("my:p owl:propertyChainAxiom ( other:k my:q ) .", "other#k"),
        ("my:z a other:Persn .", "other#Persn"),
        ("my:Undeclared rdfs:subClassOf my:A .", "Undeclared"),
        ("my:x my:tonne 3 .", "tonne"),
        ("my:A rdfs:labell 'x'@en .", "labell"),
        ("my:A skos:preflabel 'x'@en .", "preflabel"),
        ("my:p rdfs:range xsd:strng .", "strng"),
        ("my:r a owl:ObjektProperty .", "owl:ObjektProperty"),
    ],
)
def test_a_name_that_nothing_declares_is_told_of(tmp_path: Path, turtle: str, misspelt: str) -> None:
    told = lacking(tmp_path, "undeclared", world=WORLD + turtle)
    assert any(misspelt in finding.term for finding in told)


def test_each_place_where_an_unknown_name_stands_is_told(tmp_path: Path) -> None:
    told = lacking(
        tmp_path, "undeclared", world=f"{WORLD} my:A rdfs:subClassOf other:Persn . my:p rdfs:domain other:Persn ."
    )
    assert [finding.values for finding in told] == [(f"<{MY}A>",), (f"<{MY}p>",)]


@pytest.mark.parametrize(
    "turtle",
    [
        "my:A rdfs:subClassOf prov:Entity .",
        "my:A skos:altLabel 'x'@en ; dct:title 'y' ; vann:usageNote 'z' .",
        "my:p rdfs:range xsd:dateTimeStamp .",
        "my:s a skos:ConceptScheme .",
        "my:bag a rdf:Bag ; rdf:_1 my:x .",
        "my:A rdfs:seeAlso other:page ; rdfs:isDefinedBy <https://example.org/ontology> .",
    ],
)
def test_what_is_known_needs_no_declaration(tmp_path: Path, turtle: str) -> None:
    assert not lacking(tmp_path, "undeclared", world=WORLD + turtle)


@pytest.mark.parametrize(
    ("turtle", "replacement"),
    [
        ("my:Old a owl:Class ; owl:deprecated true ; dct:isReplacedBy my:B . my:A rdfs:subClassOf my:Old .", True),
        ("my:Old a owl:Class ; owl:deprecated true . my:A rdfs:subClassOf my:Old .", False),
        ("my:Old a owl:Class , owl:DeprecatedClass . my:A rdfs:subClassOf my:Old .", False),
        ("my:Old a owl:Class ; owl:deprecated true . my:p rdfs:range my:Old .", False),
        ("my:Old a owl:Class ; owl:deprecated true . my:x a my:Old .", False),
        ("my:old a owl:ObjectProperty ; owl:deprecated true . my:p rdfs:subPropertyOf my:old .", False),
        ("my:old a owl:ObjectProperty ; owl:deprecated true . my:x my:old my:y .", False),
        (
            (
                "my:Old a owl:Class ; owl:deprecated true ; dct:isReplacedBy my:B . "
                "my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:someValuesFrom my:Old ] ."
            ),
            True,
        ),
    ],
)
def test_building_on_what_is_deprecated_is_told(tmp_path: Path, turtle: str, replacement: bool) -> None:
    [told] = [finding for finding in lacking(tmp_path, world=WORLD + turtle) if finding.rule.startswith("deprecated")]
    assert (told.rule == "deprecated-replaced") == replacement
    assert "ld>" in told.values[0]
    assert ("ontology#B" in told.sentence()) == replacement


def test_a_deprecated_term_may_build_on_another_and_be_spoken_of(tmp_path: Path) -> None:
    old = "owl:deprecated true ; dct:isReplacedBy my:B"
    turtle = f"my:Old a owl:Class ; {old} . my:A {old} ; rdfs:subClassOf my:Old . my:B rdfs:seeAlso my:Old ."
    world = WORLD.replace("my:x a my:A . my:y a my:A .", "")
    assert not lacking(tmp_path, "deprecated-replaced", world=world + turtle)


@pytest.mark.parametrize(
    ("turtle", "rule"),
    [
        ("my:A rdfs:label 'one'@en , 'two'@en , 'um'@pt-BR .", "two-labels"),
        ("my:A rdfs:label 'one'@EN , 'two'@en , 'um'@pt-BR .", "two-labels"),
        ("my:A skos:prefLabel 'one'@fr , 'two'@fr ; rdfs:label 'x'@en , 'x'@pt-BR .", "two-labels"),
        ("my:A rdfs:label 'one' , 'two' , 'x'@en , 'x'@pt-BR .", "two-labels-untagged"),
        ("my:A rdfs:label 'x'@en , 'x'@pt .", "missing-label"),
        ("my:A rdfs:label 'x'@en-GB , 'x'@pt-BR .", "missing-label"),
        ("my:A rdfs:label 'one'@en , 'one'@en-GB , 'um'@pt-BR , 'um'@pt .", ""),
    ],
)
def test_labels_are_one_per_language(tmp_path: Path, turtle: str, rule: str) -> None:
    found = lacking(tmp_path, labels=f"my:A a owl:Class . {turtle}")
    assert [finding.rule for finding in found] == ([rule] if rule else [])


def test_a_label_of_the_plain_language_is_shown_to_whoever_asks_for_a_region(tmp_path: Path) -> None:
    judged = extended(tmp_path, labels="my:A a owl:Class ; rdfs:label 'Colour'@en-GB , 'Cor'@pt .")
    assert (judged.model.label(f"{MY}A", "en"), judged.model.label(f"{MY}A", "pt-BR")) == ("Colour", "Cor")


def test_two_labels_may_come_from_two_modules(tmp_path: Path) -> None:
    assert lacking(tmp_path, "two-labels", a=f"my:A a owl:Class ; {LABELS} .", b="my:A rdfs:label 'other'@en .")


def test_two_kinds_of_property_are_told(tmp_path: Path) -> None:
    [told] = lacking(tmp_path, "two-kinds", kinds="skos:broader a owl:DatatypeProperty .")
    assert "skos:broader" in told.sentence()


RANGES = [
    ("my:p a owl:ObjectProperty ; rdfs:range xsd:string .", "relation-to-values"),
    ("my:p a owl:ObjectProperty ; rdfs:range my:Size . my:Size a rdfs:Datatype .", "relation-to-values"),
    ("my:p a owl:ObjectProperty ; rdfs:range [ a rdfs:Datatype ; owl:oneOf ( 1 2 ) ] .", "relation-to-values"),
    ("my:p a owl:DatatypeProperty ; rdfs:range sg:Agent .", "attribute-to-things"),
    ("my:p a owl:DatatypeProperty ; rdfs:range owl:Thing .", "attribute-to-things"),
    (
        "my:p a owl:DatatypeProperty ; rdfs:range [ a owl:Class ; owl:unionOf ( sg:Agent sg:Tool ) ] .",
        "attribute-to-things",
    ),
    ("my:p a owl:ObjectProperty ; rdfs:range sg:Agent .", ""),
    ("my:p a owl:DatatypeProperty ; rdfs:range xsd:string .", ""),
    ("my:p a owl:AnnotationProperty ; rdfs:range xsd:string .", ""),
    ("my:p a rdf:Property ; rdfs:range xsd:string . my:q a rdf:Property ; rdfs:range sg:Agent .", ""),
]


@pytest.mark.parametrize(("turtle", "rule"), RANGES)
def test_a_range_of_the_other_kind_is_told(tmp_path: Path, turtle: str, rule: str) -> None:
    told = [f.rule for f in lacking(tmp_path, ranges=turtle) if f.rule in {"relation-to-values", "attribute-to-things"}]
    assert told == ([rule] if rule else [])


@pytest.mark.parametrize(
    "turtle",
    [
        "my:Age a rdfs:Datatype ; owl:onDatatype xsd:integer ; owl:withRestrictions ( [ xsd:minInclusive 0 ] ) .",
        "my:Age a rdfs:Datatype ; owl:equivalentClass [ a rdfs:Datatype ; owl:oneOf ( 1 2 ) ] .",
        "my:Age a rdfs:Datatype ; owl:oneOf ( 1 2 ) .",
    ],
)
def test_a_datatype_of_ones_own_that_nothing_checks_is_told(tmp_path: Path, turtle: str) -> None:
    assert lacking(tmp_path, "reasoner-only", ages=turtle)


FILES = {
    "m.owl": """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#" xmlns:owl="http://www.w3.org/2002/07/owl#">
        <owl:Class rdf:about="https://example.org/ontology#A">
        <rdfs:subClassOf rdf:resource="https://w3id.org/stratagraph/ns#Agent"/></owl:Class></rdf:RDF>""",
    "m.jsonld": '{"@id": "https://example.org/ontology#A", "@type": "http://www.w3.org/2002/07/owl#Class", '
    '"http://www.w3.org/2000/01/rdf-schema#subClassOf": {"@id": "https://w3id.org/stratagraph/ns#Agent"}}',
    "m.nt": f"<{MY}A> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{OWL.Class}> .\n"
    f"<{MY}A> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <{SG.Agent}> .\n",
    "m.TTL": f"<{MY}A> a <{OWL.Class}> ; <http://www.w3.org/2000/01/rdf-schema#subClassOf> <{SG.Agent}> .",
}
FILES["m.rdf"] = FILES["m.owl"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("folder", ["", "below/it"])
def test_every_syntax_of_rdf_is_read_in_every_folder(tmp_path: Path, name: str, folder: str) -> None:
    home = tmp_path / "mine"
    (home / folder).mkdir(parents=True)
    (home / folder / name).write_text(FILES[name], encoding="utf-8")
    [module] = as_read(home)
    assert module.name == "/".join(part for part in ("mine", folder, name) if part)
    assert Fact(f"{MY}A", RDFS.subClassOf, SG.Agent) in module.facts
    [finding] = lacking(home, "missing-label")
    assert finding.line in {1, 3}


def test_a_file_that_is_not_read_is_named(tmp_path: Path) -> None:
    for name in ("notes.txt", "model.omn", ".hidden", "catalog-v001.xml"):
        (tmp_path / name).write_text("not RDF", encoding="utf-8")
    judged = extended(tmp_path, good=f"my:A a owl:Class ; {LABELS} .")
    assert judged.report.unread == (f"{tmp_path.name}/model.omn", f"{tmp_path.name}/notes.txt")
    assert judged.report.document()["unread"] == list(judged.report.unread)


@pytest.mark.parametrize(("lang", "words"), [("en", "12 terms have no label"), ("pt-BR", "12 termos não têm rótulo")])
def test_many_findings_of_a_kind_are_one_line_and_all_are_in_the_document(
    tmp_path: Path, lang: str, words: str
) -> None:
    judged = extended(tmp_path, bare=" ".join(f"my:C{n} a owl:Class ." for n in range(12)))
    [module] = judged.report.modules
    [(line, told)] = in_lines(module.findings, lang)
    assert line.startswith(words)
    assert "ontology#C0" in line
    assert len(told) == len(judged.report.document(lang)["modules"][0]["findings"]) == 12


def test_findings_of_different_kinds_are_not_mixed() -> None:
    def bare(term: str, detail: str) -> Finding:
        return Finding(severity=Severity.WARNING, rule="missing-label", term=term, detail=detail)

    both = [bare(f"t{n}", "pt-BR" if n % 2 else "en, pt-BR") for n in range(30)]
    assert sorted(len(told) for _, told in in_lines(both)) == [15, 15]
    assert len(list(in_lines(both[:8]))) == 8
