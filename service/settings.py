"""One typed settings object: the command line beats a file, a file beats ``STRATAGRAPH_*`` variables."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError

from stratagraph.ontology.cache import cache_folder
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.service.sources.source import Source, complaint, located

LEDGER_FILE: Final = "ledger.sqlite"
LEDGER_FILES: Final = f"{LEDGER_FILE}*"
"""Pattern of the ledger's files: the database, its write-ahead log, its key."""
TRIPLES_FOLDER: Final = "triples"
TRIPLES_FOLDERS: Final = (TRIPLES_FOLDER, f"{TRIPLES_FOLDER}.[0-9]*")
"""Patterns of the triples' folders: a store that was made anew after a redaction has a number behind its name."""
DERIVER_FILE: Final = "deriver.state"
ADJACENCY_FILE: Final = "adjacency.state"
STATE_FILES: Final = (f"{DERIVER_FILE}*", f"{ADJACENCY_FILE}*")
"""Patterns of what was derived and kept, and of what is left of a file whose writer was killed."""
CHECKPOINTS_FOLDER: Final = "checkpoints"
ERASED_FILE: Final = "erased.json"
"""Notes up to which redaction nothing that was erased is left in any file."""
SNAPSHOTS_FOLDER: Final = "snapshots"
PASTS_FOLDER: Final = "pasts"
UPLOADS_FOLDER: Final = "uploads"
SPOOL_FOLDER: Final = "spool"
MEMORY_FOLDER: Final = f"{SPOOL_FOLDER}/told"
DEMO_FOLDER: Final = "demo"
TOKENS_FILE: Final = "tokens.json"
VERDICTS_FOLDER: Final = "verdicts"
"""Verdicts on ontology modules: of the user, not of a data folder, so that check, load and serve share them."""
PREFIX: Final = "STRATAGRAPH_"
"""What the environment variables of settings begin with."""

_SERVICE_LINK: Final = re.compile(
    r"STRATAGRAPH_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
"""Variables that Kubernetes sets in every container beside a service whose name begins with ours."""
_HOUR: Final = 3600
_ORIGIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(\[[0-9A-Fa-f:.]+\]|[^\s/?#@*:\[\]]+)(:[0-9]{1,5})?")
_SERVICE_PORT: Final = re.compile(r"STRATAGRAPH_(\w+_)?PORT=(tcp|udp|sctp)://.*")


def default_data_folder() -> Path:
    """Return the folder for this user's data, as the XDG base directories define it."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "stratagraph"


def default_cache_folder() -> Path:
    """Return the folder for what can be made again for this user, as the XDG base directories define it."""
    return cache_folder()


def _origins(given: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what no page's origin can be. An asterisk would let every page that somebody visits read the graph."""
    for origin in given:
        if not _ORIGIN.fullmatch(origin):
            raise PydanticCustomError(
                "origin",
                "{origin} is no origin of a page; one is written scheme://host or scheme://host:port, without a path",
                {"origin": repr(origin)},
            )
    return given


def _properties(given: object) -> object:
    """Return properties as the texts that they are to their library: YAML reads numbers and truth values."""
    if not isinstance(given, dict):
        return given
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value
        for name, value in given.items()
    }


Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
"""A name that Kafka allows."""


def _part_of_an_hour(seconds: int) -> int:
    """Refuse windows that no number of makes an hour: old ones are added up to hours, and must end with them."""
    if _HOUR % seconds:
        raise PydanticCustomError(
            "window", "{seconds} s are no whole part of an hour; take 10, 30, 60, 300 or 600", {"seconds": seconds}
        )
    return seconds


def _shares(given: dict[str, float | str]) -> dict[str, float | str]:
    """Refuse what is no share of anything."""
    for name, share in given.items():
        if share != "outcome" and not (isinstance(share, float) and 0 < share <= 1):
            raise PydanticCustomError(
                "share",
                "for {name} a share above 0 and up to 1 is wanted, or 'outcome', and not {share}",
                {"name": name, "share": repr(share)},
            )
    return given


def _named(given: object) -> object:
    """Return sources that know their names: those under which the configuration has them."""
    if not isinstance(given, dict):
        return given
    return {name: {**each, "name": name} if isinstance(each, dict) else each for name, each in given.items()}


class Settings(BaseModel):
    """Everything that can be configured; ``load_settings`` reads it from where it is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(default_factory=default_data_folder, description="Folder of the ledger and the views")
    url: str | None = Field(default=None, description="Address of a running service that commands should use")
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one")
    token: SecretStr | None = Field(default=None, description="Access token that commands send to a service")
    tokens_file: Path | None = Field(default=None, description="File of the access tokens that the service knows")
    base: str = Field(default=ASSET_BASE, description="Base of the IRIs of this organisation's assets")
    ontology: Path | None = Field(default=None, description="Folder of Turtle modules that extend the ontology")
    rules: Path | None = Field(default=None, description="Folder of rule packs of one's own, beside those that ship")
    allowed_hosts: tuple[str, ...] = Field(default=(), description="Names, beyond loopback, that requests may address")
    allowed_origins: Annotated[tuple[str, ...], AfterValidator(_origins)] = Field(
        default=(), description="Origins whose pages may ask /sparql and /cypher in a browser"
    )
    query_workers: int = Field(default=4, ge=1, le=64, description="Processes that answer SPARQL queries")
    query_seconds: float = Field(default=10.0, gt=0, le=600, description="Deadline of one SPARQL query, in seconds")
    query_memory_mib: int = Field(default=1024, ge=64, description="Memory cap of one SPARQL query, in MiB")
    query_rows: int = Field(default=100_000, ge=1, description="Most rows that one SPARQL query returns")
    audit_seconds: float = Field(default=300.0, gt=0, le=3600, description="Deadline of one audit, in seconds")
    long_reads: int = Field(default=2, ge=1, le=64, description="Impacts, reports and stores of the past made at once")
    neo4j_url: str | None = Field(default=None, description="Neo4j for the property graph; default: a local one")
    neo4j_user: str = Field(default="neo4j", description="User at the Neo4j that neo4j_url names")
    neo4j_password: SecretStr = Field(default=SecretStr(""), description="Password at that Neo4j")
    neo4j_password_file: Path | None = Field(default=None, description="File that holds the password instead")
    neo4j_database: str = Field(default="neo4j", description="Database on that Neo4j")
    neo4j_ontology_terms: bool = Field(
        default=True, description="Whether the property graph holds the ontology's classes and relations too"
    )
    neo4j_check_seconds: float = Field(
        default=3600.0, ge=1, le=86_400, description="Seconds within which all of that graph is compared with the facts"
    )
    cypher_shared: bool = Field(default=False, description="Let /cypher read a database with others' nodes in it")
    cypher_workers: int = Field(default=2, ge=1, le=64, description="Processes that answer Cypher queries")
    cypher_seconds: float = Field(default=10.0, gt=0, le=600, description="Deadline of one Cypher query, in seconds")
    cypher_rows: int = Field(default=100_000, ge=1, description="Most rows that one Cypher query returns")
    ledger_url: SecretStr | None = Field(default=None, description="PostgreSQL that holds the ledger; default: SQLite")
    keep_minutes_days: int = Field(default=14, ge=2, description="Days before observations are added up to hours")
    keep_hours_days: int = Field(default=180, ge=2, description="Days before hours of observations become days")
    housekeeping_seconds: float = Field(
        default=300.0, ge=1, le=86_400, description="Seconds between rounds of closing what fell silent, while serving"
    )
    saving_seconds: float = Field(
        default=300.0, ge=1, le=86_400, description="Seconds between two times that what was derived is kept in files"
    )
    health_seconds: float = Field(
        default=300.0, ge=1, le=86_400, description="Seconds between looks at the health of assets, while serving"
    )
    lang: str = Field(default="en", description="Language of commands: en or pt-BR; from the environment only")
    otlp_grpc: bool = Field(default=True, description="Receive telemetry over gRPC too")
    otlp_grpc_port: int = Field(default=4317, ge=0, le=65535, description="Port of OTLP/gRPC; 0 picks a free one")
    telemetry_signals: tuple[Literal["traces", "metrics", "logs"], ...] = Field(
        default=("traces", "metrics", "logs"), description="Signals that the receiver takes, as a JSON list"
    )
    telemetry_series: int = Field(
        default=20_000, ge=100, description="Series of metrics whose last values are known, at most"
    )
    telemetry_sampled: Annotated[dict[str, float | str], AfterValidator(_shares)] = Field(
        default={}, description="Services of which not all telemetry arrives, as a JSON object: a share, or outcome"
    )
    telemetry_metrics_first: tuple[str, ...] = Field(
        default=(), description="Services whose model calls are counted by their metrics, not their spans; a JSON list"
    )
    telemetry_assets: int = Field(
        default=20_000, ge=1, description="Assets that telemetry may name; those beyond are counted as (other)"
    )
    kafka_brokers: str | None = Field(
        default=None,
        min_length=1,
        description="Kafka to consume telemetry from: HOST:PORT, or several with commas",
    )
    kafka_group: str = Field(default="stratagraph", min_length=1, description="Consumer group that shares the work")
    kafka_traces_topic: Topic = Field(default="otlp_spans", description="Topic of traces")
    kafka_metrics_topic: Topic = Field(default="otlp_metrics", description="Topic of metrics")
    kafka_logs_topic: Topic = Field(default="otlp_logs", description="Topic of logs")
    kafka_properties: Annotated[dict[str, str], BeforeValidator(_properties)] = Field(
        default_factory=dict, repr=False, description="Properties of librdkafka, as for TLS and SASL; as a JSON object"
    )
    telemetry_spool_bytes: int = Field(
        default=1 << 30, ge=1 << 20, description="Most bytes of telemetry that wait in the spool to be committed"
    )
    telemetry_commit_seconds: float = Field(
        default=1.0, gt=0, le=60, description="Seconds between two commits of telemetry"
    )
    telemetry_commit_spans: int = Field(
        default=50_000, ge=1, description="Spans that are committed before that time has passed"
    )
    telemetry_lateness_seconds: float = Field(
        default=60.0, ge=0, le=3600, description="Seconds that a span waits for its missing parents"
    )
    telemetry_window_seconds: Annotated[int, AfterValidator(_part_of_an_hour)] = Field(
        default=60, ge=1, le=3600, description="Seconds that a window of figures is long; a whole part of an hour"
    )
    telemetry_late_seconds: float | None = Field(
        default=None, gt=0, description="Seconds after its end that a span is accepted; default: however late"
    )
    telemetry_memory_seconds: float = Field(
        default=3600.0, ge=0, description="Seconds for which a span that was told is known when it comes again"
    )
    telemetry_memory_spans: int = Field(
        default=10_000_000, ge=1_000, description="Most spans that are known so, at 8 bytes of memory each"
    )
    sources: Annotated[dict[str, Source], BeforeValidator(_named)] = Field(
        default={}, description="Sources that are read by themselves, by name; as a JSON object"
    )
    source_commands: bool = Field(default=False, description="Let sources that are added, not configured, run commands")
    request_mib: int = Field(default=64, ge=1, description="Largest request body after decompression, in MiB")

    @property
    def ledger(self) -> str | Path:
        """Where the ledger is: at the URL, or in a file of the data folder."""
        return self.ledger_url.get_secret_value() if self.ledger_url else self.data / LEDGER_FILE

    @property
    def kafka_topics(self) -> dict[str, str]:
        """The signal of each topic that is consumed."""
        return {getattr(self, f"kafka_{signal}_topic"): signal for signal in self.telemetry_signals}

    @property
    def ledger_key(self) -> Path:
        """The ledger's signing key: in the data folder, wherever the ledger is."""
        return self.data / f"{LEDGER_FILE}.key"

    @property
    def has_ledger(self) -> bool:
        """Whether a ledger was made before, or stands elsewhere."""
        if self.ledger_url is not None:
            return True
        file = self.data / LEDGER_FILE
        return file.is_file() and file.stat().st_size > 0

    def need_ledger(self) -> None:
        """Refuse a folder that holds no ledger: reading must not make one, least of all in a misspelt folder.

        Raises:
            NoLedger: no ledger was made there yet.
        """
        if self.has_ledger:
            return
        demo = self.data / DEMO_FOLDER
        if "data" not in self.model_fields_set and (demo / LEDGER_FILE).is_file():
            raise OnlyDemo(folder=str(self.data), demo=str(demo))
        raise NoLedger(folder=str(self.data))

    @property
    def tokens(self) -> Path:
        """The file of the access tokens: in the data folder, unless another is named."""
        return self.tokens_file or self.data / TOKENS_FILE


class NoLedger(StratagraphError, slug="no-ledger", status=404):
    """A data folder that nothing was ever loaded into."""

    text = (
        "There is no ledger in {folder}. Name the folder with --data, or begin one with 'stratagraph load' or "
        "'stratagraph serve'."
    )

    folder: str


class OnlyDemo(NoLedger, slug="only-demo"):
    """One's own data folder that nothing was ever loaded into, where the demo has left its data."""

    text = (
        "There is no ledger in {folder}; the demo's is in {demo}. For that one add --data {demo}, or begin your own "
        "with 'stratagraph load' or 'stratagraph serve'."
    )

    demo: str


class BadSetting(StratagraphError, slug="bad-setting", status=400):
    """A setting with a value that it can't have."""

    text = "The setting {name} can't be used: {reason}. Look at its source: {origin}."

    name: str
    reason: str
    origin: str


class UnknownSetting(BadSetting, slug="unknown-setting"):
    """A setting that does not exist."""

    text = "There is no setting {name} (from {origin}). {reason}"

    @classmethod
    def among(cls, known: Iterable[str], *, name: str, origin: str) -> UnknownSetting:
        """Return the error that tells the known name most like this one, where there is one."""
        folded = {each.casefold(): each for each in known}
        nearest = get_close_matches(name.casefold(), folded, n=1)
        reason = f"Did you mean {folded[nearest[0]]}?" if nearest else f"There are: {', '.join(folded.values())}."
        return cls(name=name, reason=reason, origin=origin)


def load_settings(config: Path | None = None, **given: Any) -> Settings:
    """Read the settings; what is given on the command line beats the file, which beats the environment.

    Raises:
        UnknownSetting: a variable or a name in the file is none of a setting.
        BadSetting: naming the setting and what is wrong with it.
    """
    for variable in unknown_variables(os.environ):
        raise UnknownSetting.among(_variables(), name=variable, origin="the environment")
    values = _from_file(config) if config else {}
    for key in values:
        if key not in Settings.model_fields:
            raise UnknownSetting.among(Settings.model_fields, name=str(key), origin=str(config))
    if "lang" in values:  # commands speak before they read the file
        reason = "a file can't set it; use --lang or STRATAGRAPH_LANG"
        raise BadSetting(name="lang", reason=reason, origin=str(config))
    given = {name: value for name, value in given.items() if value is not None}

    def origin(name: str) -> str:
        if name in given:
            return "the command line"
        return str(config) if name in values else f"{PREFIX}{name.upper()}"

    try:
        settings = Settings(**{**_from_environment(), **values, **given})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        reason = complaint(first) if first["loc"][:1] == ("sources",) else first["msg"]
        raise BadSetting(name=name, reason=reason, origin=origin(str(first["loc"][0]))) from None
    for name, reason in (*_wrong_paths(settings), *_shared_topics(settings)):
        raise BadSetting(name=name, reason=reason, origin=origin(name))
    return settings


def _wrong_paths(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the settings whose paths are not what is wanted, and why: said before anything is made or read."""
    for place in (settings.data, *settings.data.parents):
        if place.exists() and not place.is_dir():
            yield "data", f"{place} is a file, and a folder is wanted"
    if settings.ontology is not None and not settings.ontology.exists():
        yield "ontology", f"there is no {settings.ontology}"
    if settings.rules is not None and not settings.rules.is_dir():
        yield "rules", f"there is no folder {settings.rules}"


def _shared_topics(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield topics that two signals are to be read from: a message does not say which it tells of."""
    signal_of: dict[str, str] = {}
    for signal in ("traces", "metrics", "logs"):
        name = f"kafka_{signal}_topic"
        other = signal_of.setdefault(getattr(settings, name), signal)
        if other != signal:
            yield name, f"it is the topic of {other!r} too, and each signal needs its own"


def unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the variables with our prefix that name no setting; what Kubernetes adds for a service is not ours."""
    known = _variables()
    for name, value in environment.items():
        ours = name.upper().startswith(PREFIX) and name.upper() not in known
        if ours and not (_SERVICE_LINK.fullmatch(name) or _SERVICE_PORT.fullmatch(f"{name}={value}")):
            yield name


def _variables() -> list[str]:
    return [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]


def _from_environment() -> dict[str, Any]:
    """Return what the variables say; their names may be written in either case."""
    variables = {name.upper(): text for name, text in os.environ.items()}
    said = {name: variables.get(f"{PREFIX}{name.upper()}") for name in Settings.model_fields}
    return {name: _value(name, text) for name, text in said.items() if text is not None}


def _value(name: str, text: str) -> Any:
    """Return what a variable's text stands for: a list or an object is written as JSON, anything else as it is."""
    kind = get_origin(Settings.model_fields[name].annotation)
    if kind not in {tuple, dict}:
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        # An object may hold a password, which is not to be repeated.
        listed = f"a JSON list is wanted, and {text!r} is none: {error}"
        reason = listed if kind is tuple else f"a JSON object is wanted, and it is none: {error}"
        raise BadSetting(name=name, reason=reason, origin=f"{PREFIX}{name.upper()}") from None


def _from_file(config: Path) -> dict[str, Any]:
    import yaml  # few name a file, and reading its library takes a while

    try:
        values = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise BadSetting(name="--config", reason=f"it cannot be read: {error.strerror}", origin=str(config)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadSetting(name="--config", reason=" ".join(str(error).split()), origin=str(config)) from None
    if not isinstance(values, dict):
        raise BadSetting(name="--config", reason="it is not a mapping of names to values", origin=str(config))
    _locate_sources(values.get("sources"), config.absolute().parent)
    return values


def _locate_sources(sources: object, folder: Path) -> None:
    """Let the paths of sources begin where the configuration stands, wherever the service is started."""
    for each in sources.values() if isinstance(sources, dict) else ():
        for name in ("path", "query", "mapping"):
            if isinstance(each, dict) and isinstance(each.get(name), str):
                each[name] = located(each[name], folder)
