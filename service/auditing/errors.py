"""What can go wrong with an audit."""

from __future__ import annotations

from stratagraph.ontology.errors import StratagraphError


class AuditTooLong(StratagraphError, slug="audit-too-long", status=504):
    """The audit ran out of time and was stopped."""

    text = (
        "The audit was stopped after {seconds:g} s, while it evaluated {rule}. Ask for one framework, mend a query of "
        "your own rules that takes so long, or raise STRATAGRAPH_AUDIT_SECONDS."
    )
    seconds: float
    rule: str


class AuditStopped(StratagraphError, slug="audit-stopped", status=500):
    """The process that evaluated the rules ended."""

    text = (
        "The process that evaluated the rules ended ({cause}) while it evaluated {rule}. Ask again; if it ends again, "
        "mend that rule's queries, or give the machine more memory."
    )
    cause: str
    rule: str


class AuditsBusy(StratagraphError, slug="audits-busy", status=503):
    """Too many audits wait to be evaluated."""

    text = "Too many audits of other days and frameworks wait to be evaluated. Ask again in {retry_after} s."
    retry_after: int
