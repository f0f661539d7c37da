"""What a load or a withdrawal did, told in assets and relations, or would do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from stratagraph.loaders.origins import Loaded
from stratagraph.ontology.errors import MOST_FINDINGS, in_short
from stratagraph.ontology.facts import Literal
from stratagraph.ontology.json_text import json_text
from stratagraph.ontology.namespaces import compact
from stratagraph.ontology.sentences import counted, in_part, say
from stratagraph.ontology.terms import decode
from stratagraph.service.cli.mistakes import sentence
from stratagraph.service.cli.options import write
from stratagraph.service.cli.tongue import tell, tongue
from stratagraph.service.http.receipts import remarked

SHOWN: Final = 200
"""Lines of one kind of change that a terminal is given; the JSON form has more."""
NAMED: Final = 10
LONGEST_VALUE: Final = 80
"""Characters of an attribute's value in a line."""


class AccountForm(StrEnum):
    """How an account is written."""

    TEXT = "text"
    JSON = "json"


Listed = Annotated[AccountForm, typer.Option("--format", help="How to write what changed.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The service's answer to a batch; ``loaded`` is where its statements stand, of a load."""

    answer: dict[str, Any]
    source: str
    loaded: Loaded | None = None
    files: int = 0
    fetched: bool = False
    """Whether the service read it, from a source."""
    every_warning: bool = False

    def tell(self, form: AccountForm, *, gone: Sequence[str] = (), skipped: Sequence[str] = ()) -> None:
        """Write the account to standard output; ``gone`` are the scopes closed, ``skipped`` the files left out."""
        if form is AccountForm.JSON:
            document = {**self._told(), "source": self.source, "gone": list(gone), "skipped": list(skipped)}
            write(json_text(document))
            return
        for line in self._lines(gone, skipped):
            tell(line)

    def tell_repeated(self, *, skipped: Sequence[str] = ()) -> None:
        """Write that the files are those of an earlier load, and that nothing changed."""
        read, before = counted(self.files, "file"), self.answer["repeats"]
        tell(f"Committed {read} as sequence {self.answer['sequence']}: nothing changed since sequence {before}.")
        if skipped:
            tell(f"Skipped: {in_part([say(file, tongue()) for file in skipped], NAMED)}.")
        if unread := self.answer["notUnderstoodCount"]:
            tell(f"Not understood: {counted(unread, 'field')}, as before; --warnings reads the files again.")
        if warned := self.answer["warningCount"]:
            tell(f"{counted(warned, 'warning')}, as before; --warnings lists them.")

    def _lines(self, gone: Sequence[str], skipped: Sequence[str]) -> Iterator[str]:
        if self.answer["duplicate"]:
            yield "This run is already in the ledger; nothing changed."
            return
        if self.answer["dryRun"]:
            yield from self._changes()
        yield self._result(len(gone))
        if gone and self.loaded:
            listed = in_part(gone, NAMED)
            if self.answer["dryRun"]:
                yield f"No longer there, so would be closed: {listed}. With --keep what they said stays."
            else:
                yield f"No longer there, so closed: {listed}. With --keep what they said stays."
        if skipped:
            yield f"Skipped: {in_part([say(file, tongue()) for file in skipped], NAMED)}."
        yield from (f"warning: {reference}." for reference in self.references(limit=SHOWN))
        yield from self._unread()
        yield from self._warnings()

    def _unread(self) -> Iterator[str]:
        """Tell what of the files was read and not understood."""
        if self.loaded is None or not (unread := self.loaded.unread):
            return
        counts: Counter[str] = Counter()
        for field in unread:
            counts[field.path] += field.count
        told = [f"{path} ({count})" for path, count in counts.most_common()]
        fields, kinds = counted(counts.total(), "field"), counted(len(counts), "kind")
        yield f"Not understood: {fields} of {kinds}: {in_part(told, NAMED)}."

    def _result(self, scopes: int) -> str:
        read = counted(self.files, "document") if self.fetched else counted(self.files, "file")
        what = read if self.loaded else f"the withdrawal of {counted(scopes, 'scope')}"
        changes = summary(self.answer)
        if self.answer["dryRun"]:
            return f"Dry run of {what} of source '{self.source}': {changes}. Nothing was committed."
        return f"Committed {what} as sequence {self.answer['sequence']}: {changes}."

    def references(self, *, limit: int) -> Iterator[str]:
        """Yield what still points to an asset that is gone, and who says so."""
        dangling = self.answer["dangling"]
        for reference in dangling[:limit]:
            yield (
                f"{compact(reference['object'])} is closed, and {compact(reference['subject'])} still points to it "
                f"({compact(reference['predicate'])}, said by source '{reference['source']}' in "
                f"'{reference['scope']}')"
            )
        if more := (self.answer["danglingCount"] or 0) - len(dangling[:limit]):
            yield counted(more, "more reference points to what is closed", "more references point to what is closed")

    def _changes(self) -> Iterator[str]:
        assets, relations = self.answer["changes"]["assets"], self.answer["changes"]["relations"]
        yield from _cut([f"+ {_named(asset)}" for asset in assets["opened"]])
        yield from _cut([line for asset in assets["changed"] for line in _changed(asset)])
        yield from _cut([f"- {_named(asset)}" for asset in assets["closed"]])
        yield from _cut([f"+ {_relation(relation)}" for relation in relations["opened"]])
        yield from _cut([f"- {_relation(relation)}" for relation in relations["closed"]])

    def _warnings(self) -> Iterator[str]:
        """Group by shape; of an unchanged load only the number is told."""
        # A withdrawal brings no statements that the gate could warn of.
        if self.loaded is None:
            return
        told = self._told()
        warnings, count = told["warnings"], told["warningCount"]
        if self.every_warning:
            yield from (f"warning: {sentence(warning, self.loaded)}" for warning in warnings)
            if count > len(warnings):
                yield counted(count - len(warnings), "more warning.", "more warnings.")
            return
        if count and not changes_anything(self.answer):
            yield f"{counted(count, 'warning')}, as before; --warnings lists them."
            return
        # A remark about a file comes from no shape, so each is a kind of its own.
        first = {warning.get("shape") or warning["text"]: warning for warning in reversed(warnings)}
        for kind, warning in reversed(first.items()):
            more = told["warningKinds"].get(kind, 1) - 1
            line = f"warning: {sentence(warning, self.loaded)}"
            yield f"{line} (and {more} more of this kind)" if more else line
        if count > len(first):
            kinds = len(first.keys() | told["warningKinds"].keys())
            if count > MOST_FINDINGS:
                yield f"{count} warnings of {kinds} kinds; --warnings lists the first {MOST_FINDINGS}."
            else:
                yield f"{count} warnings of {kinds} kinds; --warnings lists them all."

    def _told(self) -> dict[str, Any]:
        """Return the answer, with what is odd about the files that were read here."""
        return remarked(self.answer, self.loaded) if self.loaded else self.answer


def summary(answer: dict[str, Any]) -> str:
    """Return the change in numbers of assets and relations."""
    if answer["assets"] is None:
        return str(answer["partialReason"])
    if not changes_anything(answer):
        return "nothing changed" if not answer["dryRun"] else "nothing would change"
    assets, relations = answer["assets"], answer["relations"]
    return (
        f"{counted(assets['opened'], 'asset')} opened, {assets['changed']} changed, {assets['closed']} closed; "
        f"{counted(relations['opened'], 'relation')} opened, {relations['closed']} closed"
    )


def changes_anything(answer: dict[str, Any]) -> bool:
    """Whether a batch changes anything in the graph."""
    if answer["assets"] is None:
        return True  # nobody knows, so nothing is left out as said before
    return any(answer["assets"].values()) or any(answer["relations"].values())


def _cut(lines: list[str]) -> Iterator[str]:
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"  ... and {len(lines) - SHOWN} more; --format json lists them."


def _named(asset: dict[str, Any]) -> str:
    classes = ", ".join(compact(cls) for cls in asset["classes"])
    return f"{compact(asset['iri'])} ({classes})"


def _changed(asset: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each attribute: what it was, and what it is."""
    for predicate in dict.fromkeys(item["predicate"] for item in (*asset["removed"], *asset["added"])):
        old, new = (
            ", ".join(_value(item["value"]) for item in asset[side] if item["predicate"] == predicate)
            for side in ("removed", "added")
        )
        yield f"~ {compact(asset['iri'])} {compact(predicate)}: {old or 'nothing'} -> {new or 'nothing'}"


def _relation(relation: dict[str, str]) -> str:
    return f"{compact(relation['subject'])} {compact(relation['predicate'])} {compact(relation['object'])}"


def _value(text: str) -> str:
    term = decode(text)
    if not isinstance(term, Literal):
        return compact(term)
    language = f"@{term.language}" if term.language else ""
    # As JSON, so that blanks and line ends in it are seen.
    return json.dumps(in_short(term.value, LONGEST_VALUE), ensure_ascii=False) + language
