"""Every view says the same, and what naive models say, after every step of random histories of the real engine."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings

from stratagraph.service import engine as engine_module
from tests.service.stories import LOCAL, Run, Step, Story, small_ontology, stories


@pytest.fixture(name="small", autouse=True, scope="module")
def _small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "load_extended", small_ontology)
        yield


@pytest.fixture(name="tell")
def _tell(capsys: pytest.CaptureFixture[str]) -> Iterator[Counter[str]]:
    """Counts what was done, and prints it at the end."""
    counts: Counter[str] = Counter()
    yield counts
    with capsys.disabled():
        sys.stdout.write("\n" + ", ".join(f"{number} {what}" for what, number in counts.items()) + "\n")


def test_local_views_equal_the_naive_models_after_every_step(
    request: pytest.FixtureRequest, tell: Counter[str]
) -> None:
    @settings(max_examples=1000 if request.config.getoption("--nightly") else 50)
    @given(stories(*LOCAL))
    def holds(steps: Sequence[Step]) -> None:
        tell["histories"] += 1
        with tempfile.TemporaryDirectory() as folder:
            story = Story(Path(folder))
            try:
                for step in steps:
                    story.take(step)
                    tell["steps"] += 1
                    tell["runs"] += isinstance(step, Run)
                    story.check()
            finally:
                story.close()

    holds()
