"""The garbage collector is off exactly while somebody handles a large batch."""

from __future__ import annotations

import gc

import pytest

from stratagraph.service.gc_pause import LARGE, paused


def test_it_pauses_for_large_batches_only() -> None:
    with paused(LARGE - 1):
        assert gc.isenabled()
    with paused(LARGE):
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_runs_again_when_the_last_of_several_is_done_even_by_an_error() -> None:
    with paused(LARGE):
        with pytest.raises(ZeroDivisionError), paused(LARGE):
            raise ZeroDivisionError
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_process_that_collects_by_itself_is_left_alone() -> None:
    gc.disable()
    try:
        with paused(LARGE):
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
