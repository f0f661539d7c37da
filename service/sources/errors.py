"""What can be wrong with a living source, or with what it answers."""

from __future__ import annotations

from stratagraph.ontology.errors import StratagraphError


class BadSource(StratagraphError, slug="bad-source", status=400):
    """A source that can't be as it is described."""

    text = "The source '{name}' can't be used: {reason}."

    name: str
    reason: str


class UnknownSource(StratagraphError, slug="unknown-source", status=404):
    """A name that no living source has."""

    text = "There is no source '{name}' that is read by itself. 'stratagraph source list' names those that there are."

    name: str


class SourceKnown(StratagraphError, slug="source-known", status=409):
    """A name that a living source has already."""

    text = "There is a source '{name}' already. Replace it with --replace, or choose another name."

    name: str


class SourceConfigured(StratagraphError, slug="source-configured", status=409):
    """A source that stands in the configuration, and is changed there alone."""

    text = "The source '{name}' stands in the configuration. Change it there, and start the service again."

    name: str


class CommandsNotAllowed(StratagraphError, slug="commands-not-allowed", status=403):
    """A command that is to be added, where only those of the configuration are run."""

    text = (
        "The source '{name}' runs a command, and commands are only run where the configuration has them. Put it into "
        "the section 'sources' there, or start the service with STRATAGRAPH_SOURCE_COMMANDS=true."
    )

    name: str


class SourceRunning(StratagraphError, slug="source-running", status=409):
    """A source that is being read at this moment."""

    text = "The source '{name}' is being read at this moment. Wait until that is done, and try again."

    name: str


class FetchFailed(StratagraphError, slug="fetch-failed", status=502):
    """A source that did not give all that it holds, or gave what can't be it; nothing of it is used."""

    text = "{place} could not be read: {reason}. Nothing was committed, and nothing closed."
    longest = 2000

    place: str
    reason: str


class CredentialMissing(StratagraphError, slug="credential-missing", status=400):
    """A secret that is not where the source says it is."""

    text = "The credential for {use} is not there: {reason}. Set it, and run the source again."

    use: str
    reason: str


class ClosesTooMuch(StratagraphError, slug="closes-too-much", status=409):
    """A run that would close more of what the source said than one run may."""

    text = (
        "The source '{name}' would close {count} of its {number} statements, more than the {share} that one run may. "
        "Nothing was committed. Look at it with 'stratagraph source run {name} --dry-run'; if it is meant, run it with "
        "--accept."
    )

    name: str
    count: int
    number: int
    share: str

    def details(self) -> dict[str, object]:
        """Return the numbers as such."""
        return {"closing": self.count, "of": self.number}
