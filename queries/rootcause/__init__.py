"""What degraded a metric of an asset: causes ranked over a call graph and its time series."""

from stratagraph.queries.rootcause.cause import Cause, Deviation
from stratagraph.queries.rootcause.ranking import rank_causes
from stratagraph.queries.rootcause.series_table import Table

__all__ = ["Cause", "Deviation", "Table", "rank_causes"]
