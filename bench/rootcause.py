"""Root causes planted in invented estates: how often each method finds them, and how often it keeps silent.

Call graphs whose latency, failures and load run along the calls, and machines whose state follows other state. Prints
one JSON line per kind of system and method, and what a question over 90 assets and 600 rows costs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from measure import report
from numpy.typing import NDArray

from stratagraph.queries.rootcause import Table, rank_causes

Floats = NDArray[np.float64]
STEPS: Final = 420
FAULTS: Final = ("latency", "errors", "cpu", "network", "slow", "two", "delayed")
QUIET: Final = ("quiet", "surge", "drop", "drift")
DELAY: Final = 6
SHOWS: Final = 1.5
"""Standard deviations by which a target must have moved for anyone to ask."""


@dataclass
class System:
    """One estate with what was planted into it; no cause for a quiet one."""

    edges: list[tuple[str, str]]
    series: dict[tuple[str, str, str], Floats] = field(default_factory=dict)
    target: tuple[str, str] = ("", "")
    window: slice = field(default_factory=lambda: slice(0, 0))
    causes: frozenset[str] = frozenset()


def call_graph(random: np.random.Generator, size: int) -> dict[int, list[int]]:
    """Return who calls whom: a tree with some calls across, now and then one back up."""
    callees: dict[int, list[int]] = {node: [] for node in range(size)}
    for node in range(1, size):
        callees[int(random.integers(max(0, node // 4), max(1, min(node, node // 2 + 1))))].append(node)
    for _ in range(size // 5):
        low, high = sorted(random.choice(size, 2, replace=False).tolist())
        if high not in callees[low]:
            callees[low].append(high)
    return callees


def noise(random: np.random.Generator, level: float) -> Floats:
    """Return what varies by itself: partly what it was a step ago, with a heavy tail."""
    steps = random.standard_t(4, STEPS) * level
    for row in range(1, STEPS):
        steps[row] += 0.4 * steps[row - 1]
    return steps


def shop(seed: int, kind: str) -> System:
    """Return a call graph in which latency and failures run from callee to caller, load the other way."""
    random = np.random.default_rng(seed)
    size = int(random.integers(10, 60))
    callees = call_graph(random, size)
    length = int(random.integers(6, 24))
    start = int(random.integers(STEPS - 60, STEPS - length))
    window = slice(start, start + length)
    inside = np.zeros(STEPS, dtype=bool)
    inside[window] = True
    load = 1 + 0.2 * np.sin(np.arange(STEPS) / 60) + noise(random, 0.03)
    load[window] *= {"surge": 1.8, "drop": 0.4}.get(kind, 1.0)
    reached = _reached(callees)
    places = random.choice(reached[1:], 2, replace=False).tolist()
    causes = [] if kind in QUIET else places if kind == "two" else places[:1]
    effects = _effects(random, kind, inside, start)
    own, failing, busy, net = {}, {}, {}, {}
    for node in range(size):
        base = float(random.lognormal(3, 1))
        ill = node in causes
        own[node] = base * np.exp(noise(random, 0.08)) * (1 + 0.15 * (load - 1))
        failing[node] = np.abs(noise(random, 0.002)) * (random.random() < 0.7)
        busy[node] = (
            20 * load + noise(random, 1.5) + (np.arange(STEPS) * random.uniform(-0.05, 0.2) if kind == "drift" else 0)
        )
        net[node] = np.zeros(STEPS)
        if ill and kind in {"latency", "two", "delayed", "slow"}:
            own[node] = own[node] + effects * base * 3
        if ill and kind == "errors":
            failing[node] = failing[node] + effects * 0.15
        if ill and kind == "cpu":
            busy[node], own[node] = busy[node] + 45 * effects, own[node] + effects * base * 1.5
        if ill and kind == "network":
            net[node] = effects * base * 4
    return _observed(random, System(_named(callees)), callees, (own, failing, busy, net), load, window, causes)


def _effects(random: np.random.Generator, kind: str, inside: NDArray[np.bool_], start: int) -> Floats:
    effects = inside * random.uniform(0.7, 1.5)
    if kind == "slow":
        effects = np.clip((np.arange(STEPS) - start + 4) / 8, 0, 1.5) * inside
    if kind == "delayed":
        effects = np.roll(effects, -DELAY) + effects
    return effects


def _named(callees: dict[int, list[int]]) -> list[tuple[str, str]]:
    return [(f"n{caller}", f"n{callee}") for caller, below in callees.items() for callee in below]


def _reached(callees: dict[int, list[int]]) -> list[int]:
    found = [0]
    for node in found:
        found += [callee for callee in callees[node] if callee not in found]
    return found


def _observed(  # noqa: PLR0917
    random: np.random.Generator,
    system: System,
    callees: dict[int, list[int]],
    parts: tuple[dict[int, Floats], ...],
    load: Floats,
    window: slice,
    causes: Sequence[int],
) -> System:
    own, failing, busy, net = parts
    latency, errors = dict(own), dict(failing)
    for node in sorted(callees, reverse=True):
        for callee in callees[node]:
            share = random.uniform(0.4, 1.0)
            latency[node] = latency[node] + share * (latency[callee] + net[callee])
            errors[node] = 1 - (1 - errors[node]) * (1 - share * errors[callee])
    for node in callees:
        if node and node not in causes and random.random() < 0.08:
            continue  # nothing is known of it
        name, gaps = f"n{node}", random.random(STEPS) < (0.2 if random.random() < 0.1 else 0.01)
        if node == 0 or random.random() < 0.9:
            system.series[name, "latency", "p90"] = np.where(gaps, np.nan, latency[node] * np.exp(noise(random, 0.02)))
            system.series[name, "latency", "mean"] = np.where(gaps, np.nan, latency[node] * np.exp(noise(random, 0.01)))
        if node == 0 or random.random() < 0.8:
            system.series[name, "availability", "mean"] = 100 * (1 - errors[node])
        system.series[name, "cpu_usage", "mean"] = busy[node]
        system.series[name, "requests", "sum"] = np.round(500 * load * np.exp(noise(random, 0.02)))
        system.series[name, "replicas", "mean"] = np.full(STEPS, 3.0)
    worse = (errors[0][window].mean() - np.median(errors[0])) > 0.01
    system.target = ("n0", "availability" if worse else "latency")
    system.window, system.causes = window, frozenset(f"n{node}" for node in causes)
    return system


def machine(seed: int, kind: str) -> System:
    """Return state and positions that follow what influences them, each with one value; an edge goes to what influences."""  # noqa: E501
    random = np.random.default_rng(seed)
    size = int(random.integers(20, 90))
    callees = call_graph(random, size)
    start = STEPS - int(random.integers(30, 60))
    window = slice(start, start + 24)
    reached = _reached(callees)
    causes = [] if kind in QUIET else random.choice(reached[1:], 2 if kind == "two" else 1, replace=False).tolist()
    values: dict[int, Floats] = {}
    fault = np.zeros(STEPS)
    fault[start - 2 :] = 1
    for node in sorted(callees, reverse=True):
        shape = random.integers(3)
        influence = sum(
            (
                random.choice([-1, 1]) * random.uniform(0.6, 1.2) * np.roll(values[callee], 1)
                for callee in callees[node]
            ),
            np.zeros(STEPS),
        )
        value = influence / max(1, len(callees[node])) ** 0.5
        if shape == 0 and not callees[node]:
            value = np.where(np.sin(np.arange(STEPS) / random.uniform(3, 9)) > random.uniform(-0.5, 0.9), 1.0, 0.0)
        elif shape == 1:
            value = value + noise(random, 0.3)
        else:
            value = value + 0.2 * np.sin(np.arange(STEPS) / random.uniform(2, 20))
        if node in causes:
            value = value + fault * random.choice([-1, 1]) * (5 * np.std(value) + 1)
        values[node] = value
    series = {(f"n{node}", "value", "last"): values[node] * random.lognormal(0, 3) for node in callees}
    return System(_named(callees), series, ("n0", "value"), window, frozenset(f"n{node}" for node in causes))


Method = Callable[[System, np.random.Generator], list[str]]


def ours(system: System, _: np.random.Generator) -> list[str]:
    """Rank by the product's function."""
    return [str(cause.asset) for cause in rank_causes(system.edges, system.series, system.target, system.window)]


def _distances(system: System) -> dict[str, float]:
    found: dict[str, float] = {}
    for (asset, _, _), values in system.series.items():
        normal = values[: system.window.start]
        spread = max(float(np.nanstd(normal)), 1e-9)
        away = abs(float(np.nanmedian(values[system.window]) - np.nanmedian(normal))) / spread
        found[asset] = max(found.get(asset, 0.0), away)
    return found


def largest(system: System, _: np.random.Generator) -> list[str]:
    """Rank by the largest distance from the mean, in standard deviations."""
    distances = _distances(system)
    return sorted(distances, key=lambda name: -distances[name]) if distances.get(system.target[0], 0) > 2 else []


def deepest(system: System, _: np.random.Generator) -> list[str]:
    """Rank what deviates and calls nothing that does before the rest."""
    distances = _distances(system)
    if distances.get(system.target[0], 0) <= 2:
        return []
    ill = {name for name, distance in distances.items() if distance > 2}
    leading = {name for name in ill if not any(caller == name and callee in ill for caller, callee in system.edges)}
    return sorted(distances, key=lambda name: (name not in leading, -distances[name]))


def chance(system: System, random: np.random.Generator) -> list[str]:
    """Rank at random."""
    names = sorted({asset for asset, _, _ in system.series})
    return [names[i] for i in random.permutation(len(names))]


METHODS: Final[dict[str, Method]] = {"ours": ours, "deepest": deepest, "largest z": largest, "random": chance}


def _systems(make: Callable[[int, str], System], kind: str, seed: int, each: int) -> list[System]:
    """Return so many systems; where something was planted, those whose target shows it beyond its usual deviation."""
    found: list[System] = []
    while len(found) < each:
        system = make(seed, kind)
        seed += 1
        if kind in QUIET or _distances(system).get(system.target[0], 0.0) > SHOWS:
            found.append(system)
    return found


def measure(each: int) -> None:
    """Print how often each method is right, by what was planted."""
    random = np.random.default_rng(1)
    for name, make, kinds in (("calls", shop, FAULTS + QUIET), ("machine", machine, ("state", "two", "quiet"))):
        for number, kind in enumerate(kinds):
            systems = _systems(make, kind, 1000 * number, each)
            for method, rank in METHODS.items():
                answers = [(rank(system, random), system.causes) for system in systems]
                if kind in QUIET:
                    figures = {"silent": sum(not answer for answer, _ in answers) / each}
                else:
                    figures = {
                        "top1": sum(answer[:1] != [] and answer[0] in causes for answer, causes in answers) / each,
                        "top3": sum(bool(causes & set(answer[:3])) for answer, causes in answers) / each,
                        "all in 5": sum(causes <= set(answer[:5]) for answer, causes in answers) / each,
                    }
                for figure, value in figures.items():
                    report(f"{name}, {kind}, {method}: {figure}", value, unit="1")


def cost() -> None:
    """Print the processor time of one question over 90 assets and 600 rows, six series each."""
    random = np.random.default_rng(7)
    edges = _named(call_graph(random, 90))
    columns = [
        (f"n{node}", metric, "mean")
        for node in range(90)
        for metric in ("latency", "errors", "cpu", "memory", "requests", "io")
    ]
    values = random.normal(10, 1, (600, len(columns)))
    values[580:, [i for i, column in enumerate(columns) if column[0] in {"n0", "n7"}]] += 9
    table = Table(list(range(600)), columns, values)
    began = time.process_time()
    for _ in range(10):
        rank_causes(edges, table, ("n0", "latency"), slice(580, 600))
    report(
        "a question over 90 assets x 6 series x 600 rows",
        (time.process_time() - began) / 10,
        unit="s of processor time",
        goal="under 0.1",
    )


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
    cost()
