"""The files of an extension: every syntax in every folder, and what is not read is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import OWL, RDFS, SG
from tests.ontology.extension.extending import LABELS, MY, as_read, extended, lacking

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
