"""What telemetry says when it comes over HTTP: what it must say from Kafka too."""

from __future__ import annotations

import pytest

from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from tests.opened import Opened
from tests.service.telemetry.kafka.producing import Said, captures, post, said, sample


@pytest.fixture(name="posted", scope="package")
def _posted(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Said:
    """What a sample says when its requests come over HTTP."""
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("posted")))) as engine:
        post(engine, sample("porklog"))
        return said(engine.ledger)


@pytest.fixture(name="told", scope="package")
def _told(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Said:
    """What all captures say when they come over HTTP."""
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("told")))) as engine:
        post(engine, captures())
        return said(engine.ledger)
