"""What every test may rely on, and the guard against tests that silently do not run."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from stratagraph.ontology.reasoning.reasoners import REASONERS
from stratagraph.service.engine import in_force
from stratagraph.service.gc_pause import FEW_COLLECTIONS
from tests.counting import counted
from tests.kafka import _kafka  # noqa: F401  fixture; one broker per session
from tests.neo4j_server import _database, _impatient, _neo4j_server  # noqa: F401  fixtures; one server per session
from tests.opened import _furnished, _opened  # noqa: F401  fixtures
from tests.rewriting import share_out
from tests.scheduling import TogetherByFile

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
FOLDERS = ("ontology", "shapes", "loaders", "queries", "service")
"""The folders of the product, each a package within `stratagraph`."""

# The reasoner and Neo4j end before optimising their code would pay: half of their processor time went there.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")

# Two shared cores: a deadline per example would time the machine, not the code.
settings.register_profile("normal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", parent=settings.get_profile("normal"), max_examples=1000)


pytest.register_assert_rewrite("tests.service.projected", "tests.service.random_history")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", action="store_true", help="run the long property and crash tests too")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("nightly" if config.getoption("--nightly") else "normal")
    worker = getattr(config, "workerinput", None)
    if worker is not None:  # one of several processes, each of which collects every file
        files = sorted((ROOT / "tests").rglob("*.py"))
        share_out(config, files, int(worker["workerid"].removeprefix("gw")), worker["workercount"])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> TogetherByFile:
    """Share the tests out between processes."""
    return TogetherByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector leave alone what collecting makes: thousands of tests, and they stay to the end.

    Walking them took a third of the collection's time, and went on in every full walk while tests ran.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(FEW_COLLECTIONS)
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put long tests first; leave the nightly ones out of a normal run.

    They are deselected, not skipped, for they are not meant to run.
    """
    items.sort(key=lambda item: "long" not in item.keywords)
    if config.getoption("--nightly"):
        return
    chosen = [item for item in items if "nightly" not in item.keywords]
    if len(chosen) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if "nightly" in item.keywords])
        items[:] = chosen


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how much the random tests did: what they print themselves is lost where tests run in several processes."""
    for text in counted(terminalreporter.stats):
        terminalreporter.write_line(text)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if "shared" in item.keywords and not SHARED.is_dir():
        pytest.skip("needs the fixtures of a development checkout in ../shared")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In continuous integration a skipped test is a failure: what should run there must run."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where everything must run: {report.longrepr}"
    return report


@pytest.fixture(autouse=True, scope="session")
def _cache_of_our_own(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Keep verdicts on ontologies out of the user's cache, and his out of the tests."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_force, "default_cache_folder", lambda: folder)
        yield


@pytest.fixture(autouse=True, scope="session")
def _one_reasoner() -> Generator[None]:
    """Let all tests of a process share one Java runtime for the reasoner, as a judgement of the product's does."""
    with REASONERS.kept():
        yield


@pytest.fixture(name="shared", scope="session")
def _shared() -> Path:
    """The folder of fixtures that stands beside a development checkout."""
    return SHARED
