"""The newest observations of subjects, merged subjects counting as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.observations import keep_newest

Key: TypeAlias = tuple[Iri, Iri]
"""Subject and metric."""


class Newest:
    """The newest observation of each subject and metric. Subjects may stand in another: they add up there.

    The observations of each subject are kept apart, so that subjects can part again.
    """

    def __init__(self) -> None:
        """Have seen nothing."""
        self._seen: dict[Key, Observation] = {}
        self._metrics: dict[Iri, None] = {}
        self._home: dict[Iri, Iri] = {}
        self._guests: dict[Iri, dict[Iri, None]] = {}

    def keep(self, observations: Iterable[Observation]) -> dict[Key, None]:
        """Take observations in; return the keys of what may be shown otherwise now."""
        changed: dict[Key, None] = {}
        for seen in observations:
            self._metrics[seen.metric] = None
            if keep_newest(self._seen, seen):
                changed[self._home.get(seen.subject, seen.subject), seen.metric] = None
        return changed

    def restate(self, remaining: Iterable[tuple[Iri, Iri, Observation | None]]) -> dict[Key, None]:
        """Take in what is newest where values were taken away; return the keys as ``keep`` does."""
        changed: dict[Key, None] = {}
        for subject, metric, left in remaining:
            if left is None:
                self._seen.pop((subject, metric), None)
            else:
                self._metrics[metric] = None
                self._seen[subject, metric] = left
            changed[self._home.get(subject, subject), metric] = None
        return changed

    def move(self, homes: Mapping[Iri, Iri]) -> dict[Key, None]:
        """Let subjects stand in others, or by themselves again; return the keys as ``keep`` does."""
        changed: dict[Key, None] = {}
        for subject, home in homes.items():
            before = self._home.get(subject, subject)
            if before == home:
                continue
            # Merges are rare: no index by subject is kept for their sake.
            metrics = [metric for metric in self._metrics if (subject, metric) in self._seen]
            changed.update(dict.fromkeys((place, metric) for place in (before, home) for metric in metrics))
            self._leave(subject, before)
            if home != subject:
                self._home[subject] = home
                self._guests.setdefault(home, {})[subject] = None
        return changed

    def shown(self, key: Key) -> Observation | None:
        """Return the newest observation that a subject shows, with those of all who stand in it; None for none."""
        subject, metric = key
        guests = self._guests.get(subject)
        if subject not in self._home and not guests:
            return self._seen.get(key)
        found: dict[Key, Observation] = {}
        # Sorted, for among windows that are equally new the last one stands.
        for member in sorted({*(guests or ()), *(() if subject in self._home else (subject,))}):
            seen = self._seen.get((member, metric))
            if seen is not None:
                keep_newest(found, replace(seen, subject=subject))
        return found.get(key)

    def shows(self, subject: Iri) -> bool:
        """Tell whether a subject shows any observation."""
        return any(self.shown((subject, metric)) is not None for metric in self._metrics)

    def __iter__(self) -> Iterator[Observation]:
        """Yield everything that is shown."""
        keys = dict.fromkeys((self._home.get(subject, subject), metric) for subject, metric in self._seen)
        yield from filter(None, map(self.shown, keys))

    def _leave(self, subject: Iri, home: Iri) -> None:
        if self._home.pop(subject, None) is not None:
            del self._guests[home][subject]
            if not self._guests[home]:
                del self._guests[home]
