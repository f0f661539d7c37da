"""The ontology in force: the core with a user's modules, judged once and by that verdict afterwards."""

from __future__ import annotations

from stratagraph.ontology.extension.extension import Extended, load_extended
from stratagraph.ontology.extension.kept_verdicts import Verdicts
from stratagraph.service.settings import VERDICTS_FOLDER, Settings, default_cache_folder


def ontology_of(settings: Settings, *, reason: bool = True, explain_for: float = 0) -> Extended:
    """Return the ontology that the settings name, judged as ``load_extended`` does; a verdict is kept for this user."""
    verdicts = Verdicts(default_cache_folder() / VERDICTS_FOLDER)
    return load_extended(settings.ontology, reason=reason, explain_for=explain_for, verdicts=verdicts)
