"""The recorded captures and what was done in them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def ground_truth() -> dict[str, dict[str, Any]]:
    """Return what each workload did, by capture."""
    told: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("ground_truth.yaml").read_text("utf-8"))
    return told["captures"]
