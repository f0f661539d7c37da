"""The form of answers that advise: the decision guide, maturity, competency questions."""

from __future__ import annotations

from pydantic import Field

from stratagraph.service.http.documents.document import Document


class NeedKind(Document):
    """Something that the guide asks of a use case."""

    name: str = Field(description="How a request names it, as need=NAME=VALUE")
    label: str
    values: list[str] = Field(description="What it may be")


class Criterion(Document):
    """A criterion that holds, with its reason in words."""

    iri: str
    text: str


class GuideOption(Document):
    """An architecture, technique, component or family of models."""

    iri: str
    label: str
    architecture: bool = Field(description="Whether it is an architecture, and not a technique, component or family")
    ruled_out: bool
    reasons: list[Criterion] = Field(description="What speaks for it")
    objections: list[Criterion] = Field(description="What rules it out")


class GuideAnswer(Document):
    """What the guide says, best first; without needs and use case only what it may be asked."""

    use_case: str | None
    options: list[GuideOption]
    needs: list[NeedKind] = Field(description="Everything that the guide takes into account")


class Gap(Document):
    """A question, deliverable or gate criterion that is not satisfied."""

    iri: str
    label: str


class Stage(Document):
    """A macro-stage: shares from 0 to 1, the level reached, and what is missing."""

    iri: str
    label: str
    position: int
    questions: float
    deliverables: float
    criteria: float
    level: str
    level_label: str
    rank: int
    gaps: list[Gap]


class MaturityAnswer(Document):
    """An organisation's maturity by stage; no stages where it has answered nothing, for then nobody knows."""

    organization: str
    label: str
    weakest: str | None = Field(description="The stage that holds it back")
    stages: list[Stage]


class QuestionAsked(Document):
    """A competency question and the query that answers it."""

    number: int
    name: str
    question: str
    source: str
    query: str


class QuestionList(Document):
    """Every competency question."""

    questions: list[QuestionAsked]
