"""Batches over the wire."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from stratagraph.ontology.facts import Batch, Method, Observation
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.ontology.sketches import MalformedSketch, encode, sketch_of
from stratagraph.ontology.terms import MalformedTerm
from stratagraph.service.http.wire import WireBatch, to_wire

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def document(sketch: bytes) -> dict[str, object]:
    seen = Observation(
        subject="http://x/s",
        metric=SG.callLatency,
        unit="s",
        start=NOON,
        end=NOON + timedelta(minutes=1),
        count=1,
        total=1.0,
        minimum=1.0,
        maximum=1.0,
        sketch=sketch,
    )
    return to_wire(Batch(source="s", run="1", method=Method.OBSERVED, observations=(seen,)))


@pytest.mark.parametrize("part", ["stated", "withdrawn"])
@pytest.mark.parametrize("written", [f'"x"^^<{RDF.langString}>', f'"x"^^<{RDF.dirLangString}>', '"x"^^<>', '"x"^^<a>'])
def test_a_literal_that_is_none_is_refused(written: str, part: str) -> None:
    sent: Any = document(b"") | {"scopes": [{"name": "a", part: [["<urn:s>", "<urn:p>", written]]}]}
    with pytest.raises(MalformedTerm):
        WireBatch.model_validate(sent).batch()


@pytest.mark.parametrize("sketch", [b"", encode(sketch_of([1.0]))])
def test_an_observation_comes_back_as_it_went(sketch: bytes) -> None:
    (seen,) = WireBatch.model_validate(document(sketch)).batch().observations
    assert seen.sketch == sketch


@pytest.mark.parametrize("sketch", [b"\x01\x02", b"no sketch at all", base64.b64encode(encode(sketch_of([1.0])))])
def test_a_sketch_that_cannot_be_merged_is_refused(sketch: bytes) -> None:
    batch = WireBatch.model_validate(document(sketch))
    with pytest.raises(MalformedSketch):
        batch.batch()


@pytest.mark.parametrize("written", ["%%%", "AA", "A A=", "AAAA-_==", "é"])
def test_a_sketch_that_is_no_base64_is_told_in_plain_words(written: str) -> None:
    sent: Any = document(b"")
    sent["observations"][0]["sketch"] = written
    with pytest.raises(ValidationError) as refused:
        WireBatch.model_validate(sent)
    (fault,) = refused.value.errors()
    assert (fault["loc"], fault["msg"]) == (("observations", 0, "sketch"), "a sketch is written in base64")
