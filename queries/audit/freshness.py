"""Which of the facts that a rule looked at count at a moment: in their period, fresh enough, the newest, readable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from stratagraph.ontology.datatypes import has_form
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import SG, XSD
from stratagraph.shapes.rule import NewestPer, Rule

_PERIOD: Final = frozenset({SG.effectiveFrom, SG.effectiveUntil})
# How XML Schema (Part 2, section 3.2.7) writes the end of a day, which Python does not read.
_MIDNIGHT: Final = "T24:00:00"
_INSTANT: Final = timedelta(microseconds=1)
"""The shortest time that a moment of ours can tell."""


def still_good(facts: Sequence[Fact], target: Iri, rule: Rule, moment: datetime) -> frozenset[Fact]:
    """Return the facts that count at a moment.

    A piece of evidence is a subject other than the target. All its facts fall away before its ``sg:effectiveFrom``,
    from its ``sg:effectiveUntil`` on, and once it is older than the rule allows; so does what points at it. A date
    that cannot be read never counts for the better. What is yet to happen has not happened: such a date falls away
    by itself. Of evidence that replaces older evidence only the newest is left.
    """
    stale = {fact.subject for fact in facts if fact.subject != target and not _counts(fact, rule, moment)}
    good = [fact for fact in facts if _stays(fact, stale) and _has_happened(fact, rule, moment)]
    if rule.newest is None or rule.freshness is None:
        return frozenset(good)
    return _without_older(good, target, rule.newest, rule.freshness.dated_by)


def next_change(facts: Iterable[Fact], rule: Rule, moment: datetime) -> datetime | None:
    """Return the first time after a moment at which other facts among these may count; None where none is to come.

    It errs to the early side only: facts of the target itself, which do not date anything, are asked as well.
    """
    return min((time for fact in facts for time in _turns(fact, rule) if time > moment), default=None)


def _turns(fact: Fact, rule: Rule) -> Iterator[datetime]:
    """Yield the times at which a fact begins to count or ceases to, or lets others do so."""
    freshness = rule.freshness
    dated = freshness is not None and fact.predicate == freshness.dated_by
    if not dated and fact.predicate not in _PERIOD and fact.predicate not in rule.happened:
        return
    time = moment_of(fact.object)
    if time is None:
        return
    yield time
    if freshness is not None and dated:
        # In the very moment in which it reaches its greatest age it still counts, see ``_counts``.
        with suppress(OverflowError):
            yield time + timedelta(days=freshness.days) + _INSTANT


def unreadable(facts: Sequence[Fact], rule: Rule) -> tuple[Fact, ...]:
    """Return the facts among them whose date decides and cannot be read."""
    dating = _PERIOD | set(rule.happened) | ({rule.freshness.dated_by} if rule.freshness else set())
    return tuple(fact for fact in facts if fact.predicate in dating and moment_of(fact.object) is None)


def moment_of(term: Term) -> datetime | None:
    """Read a date or time of the years 1 to 9999, without zone as UTC; None for anything else."""
    if not isinstance(term, Literal):
        return None
    text = term.value
    # Python reads more forms of ISO 8601, such as weeks, than XML Schema has.
    if not has_form(text, XSD.dateTime) and not has_form(text, XSD.date):
        return None
    midnight = _MIDNIGHT in text
    text = text.replace(_MIDNIGHT, "T00:00:00")
    if "T" not in text:
        # A date may end in a zone.
        text = f"{text[:10]}T00:00:00{text[10:]}"
    try:
        time = datetime.fromisoformat(text) + timedelta(days=midnight)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _stays(fact: Fact, stale: set[Iri]) -> bool:
    return fact.subject not in stale and fact.object not in stale


def _counts(fact: Fact, rule: Rule, moment: datetime) -> bool:
    freshness = rule.freshness
    dated = freshness is not None and fact.predicate == freshness.dated_by
    if fact.predicate not in _PERIOD and not dated:
        return True
    time = moment_of(fact.object)
    if time is None:
        return False
    if fact.predicate == SG.effectiveUntil:
        return moment < time
    if freshness is not None and dated:
        return time <= moment and moment - time <= timedelta(days=freshness.days)
    return time <= moment


def _has_happened(fact: Fact, rule: Rule, moment: datetime) -> bool:
    if fact.predicate not in rule.happened:
        return True
    time = moment_of(fact.object)
    return time is not None and time <= moment


def _without_older(facts: Sequence[Fact], target: Iri, newest: NewestPer, dated_by: Iri) -> frozenset[Fact]:
    """Leave out what settled evidence of a later date replaces; evidence that has nothing left goes whole.

    Later evidence of the target replaces all; that of a part only what was said of the same part.
    """
    dates = _dates(facts, dated_by)
    settled = {fact.subject for fact in facts if fact.predicate == newest.settled_by}
    subjects = [fact for fact in facts if fact.predicate == newest.per and fact.subject != target]
    holders = _holders(facts, {fact.subject for fact in subjects}, target)
    heads: dict[tuple[Term, Iri], datetime] = {}
    for fact in subjects:
        if fact.subject in settled and fact.subject in dates:
            for holder in holders[fact.subject]:
                known = heads.get((fact.object, holder), dates[fact.subject])
                heads[fact.object, holder] = max(dates[fact.subject], known)

    def is_replaced(fact: Fact) -> bool:
        date = dates.get(fact.subject)
        if date is None:
            return False
        later = [heads.get((fact.object, holder), date) > date for holder in holders[fact.subject]]
        return all(later) or heads.get((fact.object, target), date) > date

    replaced = {fact for fact in subjects if is_replaced(fact)}
    left = {fact.subject for fact in subjects if fact not in replaced}
    emptied = {fact.subject for fact in replaced} - left
    return frozenset(fact for fact in facts if fact not in replaced and _stays(fact, emptied))


def _holders(facts: Iterable[Fact], pieces: set[Iri], target: Iri) -> Mapping[Iri, frozenset[Iri]]:
    """Return whose each piece of evidence is: the parts that have it, else the target."""
    found: dict[Iri, set[Iri]] = {piece: set() for piece in pieces}
    for fact in facts:
        if isinstance(fact.object, str) and fact.object in pieces and fact.subject not in pieces | {target}:
            found[fact.object].add(fact.subject)
    return {piece: frozenset(parts) or frozenset({target}) for piece, parts in found.items()}


def _dates(facts: Sequence[Fact], dated_by: Iri) -> Mapping[Iri, datetime]:
    """Return the date of each piece of evidence; of several, the earliest, which proves least."""
    found: dict[Iri, list[datetime]] = defaultdict(list)
    for fact in facts:
        time = moment_of(fact.object) if fact.predicate == dated_by else None
        if time is not None:
            found[fact.subject].append(time)
    return {subject: min(times) for subject, times in found.items()}
