"""What one span says, by concept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from stratagraph.loaders.genai import attribute_values
from stratagraph.loaders.genai.aliases import AliasTable, Mark
from stratagraph.loaders.genai.emitters import ANSWERED, REQUESTED, Emitter
from stratagraph.loaders.genai.meanings import Meanings, ModelName
from stratagraph.loaders.genai.plans import Place, Plan
from stratagraph.loaders.genai.record import NO_USAGE, Finish, RecordKind, Usage, Verdict

_LONGEST_STREAM: Final = 86_400
"""Seconds."""
_NOTHING: Final = ModelName("")


@dataclass(frozen=True, slots=True)
class Tables:
    """What is known of names, values and the emitter at hand."""

    aliases: AliasTable
    meanings: Meanings
    emitter: Emitter


@dataclass(slots=True)
class Said:
    """Reads one span's attributes by its plan; ``kind`` is set when it is known."""

    plan: Plan
    attributes: Sequence[KeyValue]
    tables: Tables
    name: str
    kind: RecordKind | None = None
    _documents: dict[int, Any] = field(default_factory=dict)

    def values(self, concept: str) -> Iterator[tuple[str, Any]]:
        """Yield (attribute, value) of every alias that counts for the kind of work, the preferred one first."""
        for place in self.plan.places.get(concept, ()):
            if not place.on or self.kind in place.on:
                value = self._at(place)
                if value is not None:
                    yield place.key, value

    def _at(self, place: Place) -> Any:
        if place.path:
            return attribute_values.field_of(self._document(place.at), place.path)
        # Some emitters send every value as JSON.
        return attribute_values.unwrapped(attribute_values.plain(self.attributes[place.at].value))

    def _document(self, at: int) -> Any:
        """Return an attribute as a document, read once however many concepts stand in it."""
        if at not in self._documents:
            self._documents[at] = attribute_values.field_of(attribute_values.plain(self.attributes[at].value), ())
        found = self._documents[at]
        return found if isinstance(found, dict) else None

    def text(self, concept: str) -> str:
        """Return a name that stands beside what counts, "" where unknown."""
        places = self.plan.places.get(concept)
        if places is None:
            return ""
        ignored = self.tables.emitter.ignore.get(concept, ())
        if places[0].plain:
            sent = self.attributes[places[0].at].value.string_value
            # As nearly all send it: what is no text, or perhaps JSON, is read below.
            if sent and sent[0] != '"':
                name = attribute_values.lenient_name(sent)
                if name and name not in ignored and not self.tables.meanings.nothing(name):
                    return name
        for _, value in self.values(concept):
            name = attribute_values.lenient_name(value)
            if name and name not in ignored and not self.tables.meanings.nothing(name):
                return name
        return ""

    def identity(self, concept: str) -> str:
        """Return a name by which something is known from one run to the next, "" where it has none."""
        if concept not in self.plan.places:
            return ""
        name = self.text(concept)
        return "" if self.tables.meanings.made_up(name) else name

    def words(self, concept: str) -> tuple[str, ...]:
        """Return a list of short texts."""
        if concept not in self.plan.places:
            return ()
        return next((found for _, value in self.values(concept) if (found := attribute_values.words(value))), ())

    def flag(self, concept: str) -> bool | None:
        """Return a truth value, None where unknown."""
        if concept not in self.plan.places:
            return None
        read = (attribute_values.flag(value) for _, value in self.values(concept))
        return next((truth for truth in read if truth is not None), None)

    def streamed(self) -> bool | None:
        """Tell whether the answer came piece by piece, None where unknown."""
        told = self.flag("stream")
        return True if told is None and self.flag("asks_stream") else told

    def amount(self, concept: str) -> float | None:
        """Return a quantity, None where unknown. Raises BadAttribute."""
        places = self.plan.places.get(concept)
        if places is None:
            return None
        if places[0].plain:
            number = self.attributes[places[0].at].value.double_value
            if 0 < number <= attribute_values.MOST:
                return number
        read = (attribute_values.amount(key, value) for key, value in self._told(concept))
        return next((number for number in read if number is not None), None)

    def tokens(self, concept: str) -> int | None:
        """Return a count of tokens, None where unknown. Raises BadAttribute."""
        places = self.plan.places.get(concept)
        if places is None:
            return None
        if places[0].plain:
            # As nearly all send them: what is no whole number reads as 0 here.
            value = self.attributes[places[0].at].value
            count = value.int_value
            if 0 < count <= attribute_values.MOST or (count == 0 and value.HasField("int_value")):
                return count
        return next((attribute_values.tokens(key, value) for key, value in self._told(concept)), None)

    def _told(self, concept: str) -> Iterator[tuple[str, Any]]:
        """Yield the values of a concept that are not a word for nothing."""
        for key, value in self.values(concept):
            if not (isinstance(value, str) and self.tables.meanings.nothing(value.strip())):
                yield key, value

    def model_name(self, concept: str) -> ModelName:
        """Return a model's name. Raises BadAttribute."""
        emitter = self.tables.emitter
        if concept not in self.plan.places:
            named = emitter.within(concept, self.name[: attribute_values.LONGEST_NAME]) if emitter.names else ""
            return _NOTHING if self.tables.meanings.nothing(named) else self.tables.meanings.model(named)
        ignored = emitter.ignore.get(concept, ())
        for key, value in self._told(concept):
            name = attribute_values.strict_name(key, value)
            if name and name not in ignored:
                return self.tables.meanings.model(name)
        return _NOTHING

    def models(self, *, failed: bool) -> tuple[ModelName, ModelName, ModelName]:
        """Return the model (asked, answered, used of which neither is said). Raises BadAttribute."""
        requested, answered, used = self.model_name("requested"), self.model_name("answered"), self.model_name("model")
        if answered.name and self.tables.emitter.role("answered", self.name) == REQUESTED:
            requested, answered = (requested if requested.name else answered), _NOTHING
        role = self.tables.emitter.role("model", self.name)
        if used.name and (failed or role == REQUESTED):
            requested, used = (requested if requested.name else used), _NOTHING
        # A stream whose end nobody read repeats the request as well.
        elif used.name and used.name != requested.name and (role == ANSWERED or requested.name):
            answered, used = (answered if answered.name else used), _NOTHING
        # What repeats the request is no answer where none came.
        if failed:
            requested, answered = (requested if requested.name else answered), _NOTHING
        return requested, answered, used

    def usage(self, *, failed: bool) -> Usage:
        """Return the usage that was measured. Raises BadAttribute."""
        if not self.plan.counts:
            return NO_USAGE
        sent, written = self.tokens("input"), self.tokens("output")
        cached, reasoning = self.tokens("cached"), self.tokens("reasoning")
        # A zero is a measurement only where it can be one: nothing succeeds without tokens, and nothing costs nothing.
        if not sent and not written:
            sent = written = cached = reasoning = None
        if written == 0 and self.kind is RecordKind.EMBEDDING:
            written = None
        cost = self.amount("cost") or None
        currency = (self.text("currency") or self.tables.aliases.currency) if cost is not None else ""
        if failed and cost is None and not (sent or written or cached or reasoning):
            return NO_USAGE
        return Usage(self._sent(sent, cached), written, cached, reasoning, cost, currency)

    def _sent(self, sent: int | None, cached: int | None) -> int | None:
        """Return the input with cached tokens within it, as some emitters count them and some do not."""
        beside = self.tables.emitter.beside or (cached is not None and sent is not None and cached > sent)
        return sent + (cached or 0) + (self.tokens("cache_write") or 0) if beside and sent is not None else sent

    def provider(self, *models: ModelName) -> tuple[str, str]:
        """Return (who provides one of the models, what serves it), of which one name tells at most one."""
        if not any(model.name for model in models):
            return "", ""
        meanings = self.tables.meanings
        ignored = self.tables.emitter.ignore.get("provider", ())
        for _, value in self.values("provider"):
            name = attribute_values.lenient_name(value)
            if not name or name in ignored or meanings.nothing(name):
                continue
            if engine := meanings.engine(name):
                return "", engine
            if provider := meanings.provider(name):
                return provider, ""
        given = self.tables.emitter.providers
        for model in models:
            if model.provider:
                return model.provider, ""
            if told := next((told for start, told in given.items() if model.name.startswith(start)), ""):
                return told, ""
        return "", ""

    def finish(self) -> Finish | None:
        """Return how the answer ended."""
        return self.tables.meanings.finish(self.words("finish"))

    def offered(self) -> tuple[str, ...]:
        """Return the names of the tools that were on offer, in a fixed order."""
        names: set[str] = set()
        for _, value in self.values("offered"):
            names.update(attribute_values.tool_names(value))
        for place in self.plan.offered:
            key, value = self.attributes[place].key, attribute_values.plain(self.attributes[place].value)
            if key.endswith(".json_schema"):
                names.update(attribute_values.tool_names(value))
            elif key.endswith(".name") and (name := attribute_values.lenient_name(value)):
                names.add(name)
        return tuple(sorted(names))

    def marked(self, marks: Sequence[tuple[int, Mark]]) -> bool:
        """Tell whether an attribute has one of the values of its mark."""
        return any(self._word(place, mark.path) in mark.values for place, mark in marks)

    def _word(self, place: int, path: Sequence[str]) -> str:
        value = attribute_values.plain(self.attributes[place].value)
        return attribute_values.word(attribute_values.field_of(value, path) if path else value)

    def later(self) -> bool:
        """Tell whether the span only tells the end of an earlier one."""
        later = self.tables.emitter.later
        return later is not None and self.plan.later is not None and self._word(self.plan.later, ()) in later.values

    def lasted(self) -> int:
        """Return the nanoseconds that lie between the call and the span that tells its end."""
        if self.plan.lasted is None:
            return 0
        told = attribute_values.plain(self.attributes[self.plan.lasted].value)
        return int(told * 1e9) if isinstance(told, float) and 0 < told < _LONGEST_STREAM else 0

    def verdict(self) -> Verdict | None:
        """Return what a guardrail decided, None where it does not say so."""
        for place, mark in self.plan.verdicts:
            word = self._word(place, mark.path)
            if word in mark.allowed:
                return Verdict.ALLOWED
            if word in mark.blocked:
                return Verdict.FLAGGED if self.marked(self.plan.lenient) else Verdict.BLOCKED
        return None
