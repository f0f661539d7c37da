"""The gate of ontology engineers: ROBOT and the OWL API over the files as they ship.

Profile and report run always, in one Java; the rest is nightly.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest

from stratagraph.ontology.model import load_model
from stratagraph.ontology.module_files import module_files
from stratagraph.ontology.publishing import Syntax, merged, written
from stratagraph.service.neo4j.errors import MavenMissing, Neo4jJavaMissing
from stratagraph.service.neo4j.runtime import LTS, find_java, release_of
from stratagraph.service.settings import default_cache_folder

HERE: Final = Path(__file__).parent / "robot"
HOME: Final = Path(str(files("stratagraph.ontology"))).resolve()
SECONDS: Final = 600
MERGE: Final = ("merge", "--catalog", str(HOME / "catalog-v001.xml"), "--input", str(HOME / "stratagraph.ttl"))


class Robot:
    """ROBOT's command line."""

    def __init__(self, java: Path, jars: Path) -> None:
        self._start = [str(java), "-Xmx2g", "-cp", f"{jars}/*", "org.obolibrary.robot.CommandLineInterface"]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run some commands, one after the other on the same ontology."""
        return subprocess.run([*self._start, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.fixture(name="robot", scope="module")
def _robot() -> Robot:
    try:
        java = find_java(release_of(LTS))
    except Neo4jJavaMissing as error:
        pytest.skip(str(error))
    maven = shutil.which("mvn")
    if maven is None:
        pytest.skip(str(MavenMissing()))
    return Robot(java, _fetched(maven))


def _fetched(maven: str) -> Path:
    """Return the folder of ROBOT's jars, fetched once; whoever is interrupted leaves nothing that looks complete."""
    pom = HERE / "pom.xml"
    version = pom.read_text("utf-8").partition("<artifactId>robot-command</artifactId>")[2].split("version>")[1][:-2]
    folder = default_cache_folder() / "robot" / version
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            shutil.copy(pom, made)
            command = [maven, "-q", "-B", "-f", f"{made}/pom.xml", "dependency:copy-dependencies"]
            subprocess.run([*command, f"-DoutputDirectory={made}/jars"], check=True, timeout=SECONDS)
            try:
                Path(made, "jars").rename(folder)
            except OSError:
                if not folder.exists():  # else another process was quicker
                    raise
    return folder


@pytest.mark.java
@pytest.mark.long
def test_the_whole_is_owl_2_dl_and_its_report_has_no_error(robot: Robot, tmp_path: Path) -> None:
    profile, report = tmp_path / "dl.txt", tmp_path / "report.tsv"
    # Left out of ROBOT's rules are those of OBO for what is deprecated: our old terms keep their names and stay below
    # what has replaced them, so that data which uses them is still understood (test_deprecation.py).
    judged = ("validate-profile", "--profile", "DL", "--output", str(profile))
    told = ("report", "--profile", str(HERE / "report.txt"), "--fail-on", "ERROR", "--output", str(report))
    said = robot(*MERGE, *judged, *told)
    assert said.returncode == 0, said.stdout + said.stderr + (report.read_text("utf-8") if report.exists() else "")
    # Without a violation the profile's report is its heading alone.
    assert profile.read_text("utf-8").strip() == "OWL 2 DL Profile Report: [Ontology and imports closure in profile]"


@pytest.mark.nightly
@pytest.mark.java
@pytest.mark.parametrize("module", load_model().modules)
def test_a_module_by_itself_is_owl_2_dl(robot: Robot, module: str, tmp_path: Path) -> None:
    catalog = ("--catalog", str(HOME / "catalog-v001.xml"))
    profile = ("validate-profile", "--profile", "DL", "--output", str(tmp_path / "dl.txt"))
    said = robot("merge", *catalog, "--input", str(module_files()[module]), *profile)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.nightly
@pytest.mark.java
@pytest.mark.parametrize("reasoner", ["HermiT", "ELK"])
def test_the_reasoners_of_others_agree(robot: Robot, reasoner: str) -> None:
    said = robot(*MERGE, "reason", "--reasoner", reasoner)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.nightly
@pytest.mark.java
def test_the_queries_find_nothing(robot: Robot, tmp_path: Path) -> None:
    queries = sorted(map(str, (HERE / "queries").glob("*.rq")))
    assert queries
    said = robot(*MERGE, "verify", "--queries", *queries, "--output-dir", str(tmp_path))
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.nightly
@pytest.mark.java
def test_a_round_trip_loses_nothing(robot: Robot, tmp_path: Path) -> None:
    owl, ofn = str(tmp_path / "s.owl"), str(tmp_path / "s.ofn")
    robot(*MERGE, "convert", "--output", owl)
    robot("convert", "--input", owl, "--output", ofn)
    assert "Ontologies are identical" in robot("diff", "--left", owl, "--right", ofn).stdout


@pytest.mark.nightly
@pytest.mark.java
def test_what_the_service_exports_is_the_same_ontology(robot: Robot, tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs.owl", tmp_path / "ours.owl"
    robot(*MERGE, "convert", "--output", str(theirs))
    ours.write_bytes(written(merged(load_model()), Syntax.RDFXML))
    assert "Ontologies are identical" in robot("diff", "--left", str(theirs), "--right", str(ours)).stdout
