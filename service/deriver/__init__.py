"""The deriver: closure, influence edges and observed strengths, kept up to date change by change."""

from stratagraph.service.deriver.deriver import Deriver, OutOfStep

__all__ = ["Deriver", "OutOfStep"]
