"""The form of answers about the ledger, the ontology in force and the service's health."""

from __future__ import annotations

from pydantic import Field

from stratagraph.ontology.errors import MOST_FINDINGS
from stratagraph.service.http.documents.document import Document
from stratagraph.service.http.documents.sources import LivingSourceState


class AssetCounts(Document):
    """Assets by what became of them."""

    opened: int
    changed: int
    closed: int


class RelationCounts(Document):
    """Relations by what became of them."""

    opened: int
    closed: int


class BatchReceipt(Document):
    """What became of a batch, or would: of a dry run, sequence, hash and time are null."""

    sequence: int | None
    hash: str | None
    time: str | None
    duplicate: bool = Field(description="Whether this very run was committed before")
    opened: int = Field(description="Facts that were opened")
    closed: int = Field(description="Facts that were closed")
    observations: int
    warnings: list[dict[str, object]] = Field(
        description=f"What the loader and the gate would like to see mended: the first {MOST_FINDINGS}"
    )
    warning_count: int = Field(description="How many warnings there are")
    warning_kinds: dict[str, int] = Field(description="How many of them come from each shape of the gate")
    not_understood: list[dict[str, object]] = Field(
        default=[], description="Fields of a document that were read and not understood: the most frequent first"
    )
    not_understood_kinds: int = Field(default=0, description="How many kinds of such fields there are")
    not_understood_count: int = Field(default=0, description="How many such fields there are")
    assets: AssetCounts | None
    relations: RelationCounts | None
    dangling: list[dict[str, object]] = Field(
        description=f"References that lead nowhere now: the first {MOST_FINDINGS}"
    )
    dangling_count: int | None = Field(description="How many such references there are")
    dry_run: bool
    partial: bool | None = Field(default=None, description="Whether the counts could not be read after the commit")
    partial_reason: str | None = None
    changes: dict[str, object] | None = Field(
        default=None, description="Of a dry run: the assets and relations themselves"
    )


class RepetitionReceipt(BatchReceipt):
    """What became of a run that says what an earlier one said."""

    repeats: int = Field(description="The sequence whose statements it says once more; warnings are as they were there")


class WithdrawalReceipt(BatchReceipt):
    """What became of the statements that were withdrawn."""

    scopes: list[str] = Field(description="The scopes that were closed")


class SourceRunReceipt(Document):
    """What became of a run of a source, or would; no receipt where the source holds what it held."""

    source: str
    unchanged: bool
    documents: int
    gone: list[str] = Field(description="Scopes that the source no longer has, and that were closed")
    skipped: list[str] = Field(description="Files that were left out, and why")
    reason: str | None = Field(description="Of a dry run: why the run would wait for a person")
    receipt: BatchReceipt | None


class BatchEntry(Document):
    """One entry of the ledger."""

    sequence: int
    time: str
    kind: str
    source: str
    run: str
    method: str
    outcome: str
    opened: int
    closed: int
    observations: int
    hash: str
    ontology: str
    note: str | None


class BatchList(Document):
    """The newest entries, newest first."""

    batches: list[BatchEntry]


class SourceScope(Document):
    """A part of a source that its runs enumerate."""

    name: str
    last_seen: str | None
    silence_seconds: float | None
    open_claims: int


class UnmappedAttribute(Document):
    """An attribute of spans that no convention known here has."""

    attribute: str
    count: int


class OwnedPartition(Document):
    """A partition that this service reads: the offset of its next message, the one up to which the ledger has it."""

    partition: int
    offset: int
    committed: int
    lag: int


class ConsumedTopic(Document):
    """A topic of Kafka that telemetry is consumed from: what this service owns of it, and what it has read."""

    topic: str
    signal: str
    partitions: list[OwnedPartition]
    messages: int
    malformed: int
    unkeyed: int


class SetAside(Document):
    """Telemetry that was acknowledged and could not be told: a trace, a series or a request, with what went wrong."""

    time: str
    signal: str
    what: str
    problem: str
    size: int


class Arrived(Document):
    """What became of the spans that came in since the service started."""

    since: str
    accepted: int
    rejected: int
    duplicates: int
    moved_back: int
    overflow: int
    dropped: int
    set_aside: list[SetAside]
    unmapped: list[UnmappedAttribute]
    metrics_first: list[str]
    kafka: list[ConsumedTopic]


class SourceEntry(Document):
    """A source with its newest run and its scopes; that of telemetry with what became of what came in.

    One that is read by itself says so under ``living``; until its first run was committed, that is all there is of it.
    """

    source: str
    newest: BatchEntry | None = None
    scopes: list[SourceScope] = Field(default_factory=list)
    telemetry: Arrived | None = None
    living: LivingSourceState | None = None


class Spooled(Document):
    """Telemetry that was acknowledged and is not committed yet.

    ``requests`` with ``spans`` wait for the next commit, ``incomplete`` spans for others of their trace.
    """

    bytes: int
    limit: int
    requests: int
    spans: int
    incomplete: int
    oldest_seconds: float


class SourceList(Document):
    """Every source, and the telemetry that none of them shows yet."""

    sources: list[SourceEntry]
    spool: Spooled


class LedgerHead(Document):
    """The signed head. Kept elsewhere, it excludes a rollback later."""

    head: dict[str, object]


class RedactedFact(Document):
    """A statement that a redaction would erase."""

    subject: str
    predicate: str
    object: str


class ToldIn(Document):
    """A scope of a source that still said it: from there it comes back, unless it is taken out there too."""

    source: str
    scope: str


class Mentioned(Document):
    """A place that holds an erased value and is not erased: a longer text, or a name that a batch's hash covers."""

    place: str = Field(description="term, source, scope, run or note")
    text: str
    subject: str | None = Field(description="Of a term: what the statement is about that says it; redact that too")
    predicate: str | None = Field(description="Of a text: the property that says it")


class RemainsIn(Document):
    """A place that may still hold the value, and why."""

    place: str
    reason: str


class RedactionReceipt(Document):
    """What was erased, or would be: of a dry run, sequence, hash and time are null, and the facts are told."""

    sequence: int | None
    hash: str | None
    time: str | None
    dry_run: bool
    claims: int = Field(description="Claims erased, closed ones too")
    closed: int = Field(description="Those among them that were open")
    observations: int
    facts: list[RedactedFact] | None
    sources: list[ToldIn]
    mentions: list[Mentioned]
    also_known_as: list[str] = Field(description="Assets stated to be the same; not erased with it, redact them too")
    remains: list[RemainsIn] = Field(description="What could not be reached yet; it is tried again by itself")
    beyond: list[str] = Field(description="What no redaction reaches, and what to do there")


class RedactionEntry(Document):
    """A redaction that the ledger records."""

    sequence: int
    time: str
    by: str
    reason: str
    claims: int
    observations: int


class RedactionList(Document):
    """The redactions, newest first, and what of them could not be reached yet."""

    redactions: list[RedactionEntry]
    remains: list[RemainsIn]


class ModuleFinding(Document):
    """What was found about a term of a module."""

    severity: str
    rule: str
    term: str
    line: int | None
    text: str
    axioms: list[str]
    minimal: bool


class OntologyModule(Document):
    """What became of a user's own module."""

    name: str
    accepted: bool
    findings: list[ModuleFinding]


class OntologyState(Document):
    """The ontology in force."""

    hash: str
    dl_checked: bool = Field(description="Whether the DL reasoner has judged the modules")
    modules: list[OntologyModule]
    unread: list[str] | None = Field(default=None, description="Files of the ontology's folder that hold no module")


class OntologyModules(Document):
    """A user's own modules that are in force; a statement is three terms in N-Triples notation."""

    hash: str
    prefixes: dict[str, list[str]] = Field(description="The namespaces that each prefix stands for")
    modules: dict[str, list[list[str]]] = Field(description="The statements of each module")


class Liveness(Document):
    """The process answers."""

    status: str


class ViewState(Document):
    """How far a view has come; a remote one tells more of itself."""

    lag: int | None
    sequence: int | None = None
    state: str | None = None
    problem: str | None = None


class Readiness(Document):
    """Whether the views have caught up with the ledger."""

    status: str = Field(description="ready or behind; opening, while /sparql alone answers")
    sequence: int
    views: dict[str, ViewState]
    restoring: list[str] | None = Field(
        default=None, description="While it opens: the views, and the deriver, that are not at the ledger's end yet"
    )
