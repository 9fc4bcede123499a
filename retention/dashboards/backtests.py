"""The last backtest of a model as the method page tells it: everybody's figures, reliability, drift, misses."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Account
from departments.models import Person
from retention.models import ModelVersion
from retention.scoring.backtest import ACTIVE, TESTED


@dataclass(frozen=True, slots=True)
class Column:
    """A figure that contenders are compared by: its anchor among the definitions, and which end is the better one."""

    name: str
    label: str
    digits: int
    is_better_high: bool


COLUMNS = (
    Column("auc", "AUC", 3, is_better_high=True),
    Column("pr_auc", "PR-AUC", 3, is_better_high=True),
    Column("brier", "Brier", 3, is_better_high=False),
    Column("log_loss", "Log loss", 3, is_better_high=False),
    Column("ece", "ECE", 3, is_better_high=False),
    Column("lift", "Lift at 10 %", 2, is_better_high=True),
)
SHORT = tuple(column for column in COLUMNS if column.name in {"auc", "brier", "ece"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure in words, with its 95 % interval; empty where it is not defined."""

    label: str
    value: str
    interval: str
    is_best: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One contender: its figures, or a note why there are none."""

    label: str
    is_tested: bool
    cells: Sequence[Cell]
    note: str = ""


@dataclass(frozen=True, slots=True)
class PartRow:
    """How the model did for some of the accounts: what it said, who left, and the figures."""

    name: str
    rows: int
    leavers: int
    said: float
    happened: float
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class MissRow:
    """A prediction that failed badly, at an account that the reader may see."""

    account: Account
    day: datetime.datetime
    risk: float
    left: bool
    revenue: float


@dataclass(frozen=True, slots=True)
class Misses:
    """The worst misses: who left though little was said, who stayed though much was; and how many are not shown."""

    left: Sequence[MissRow]
    stayed: Sequence[MissRow]
    hidden: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """A backtest, ready to be shown to one person."""

    at: datetime.datetime
    days: Sequence[datetime.datetime]
    figures: Mapping[str, Any]
    rows: Sequence[Row]
    reliability: Sequence[PartRow]
    drift: Sequence[PartRow]
    misses: Misses
    is_of_candidate: bool = False

    @property
    def columns(self) -> Sequence[Column]:
        return COLUMNS

    @property
    def short_columns(self) -> Sequence[Column]:
        return SHORT

    @property
    def drift_chart(self) -> dict[str, object]:
        """Return what was said and what happened, test day by test day, as the chart reads it."""
        said = [[part.name, part.said] for part in self.drift]
        happened = [[part.name, part.happened] for part in self.drift]
        return {
            "unit": "percent",
            "series": [{"name": "Said", "points": said}, {"name": "Left", "points": happened}],
        }


def last_backtest(version: ModelVersion | None, person: Person) -> Backtest | None:
    """Return the backtest kept with a version, None where there is none; misses at accounts the person may see."""
    if version is None or not version.backtest:
        return None
    found = version.backtest
    return Backtest(
        at=datetime.datetime.fromisoformat(found["at"]),
        days=[datetime.datetime.fromisoformat(origin) for origin in found["origins"]],
        figures=found,
        rows=[
            *_rows(found["contenders"], _labels(version, found)),
            *(Row(one["label"], False, [], one["note"]) for one in found["missing"]),
        ],
        reliability=list(_parts(found["reliability"])),
        drift=list(_parts(found["drift"])),
        misses=_misses(found["misses"], person),
        is_of_candidate=not version.is_active,
    )


def _labels(version: ModelVersion, found: Mapping[str, Any]) -> dict[str, str]:
    """Return how the models are called by now: another may have been put in force since the test."""
    other = found.get("against_active", {}).get("version")
    standing = "in force" if version.is_active else "candidate"
    return {TESTED: f"Model {version.number}, {standing}", ACTIVE: f"Model {other}, in force when tested"}


def _rows(contenders: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> Iterator[Row]:
    best = {column.name: _best(contenders, column) for column in COLUMNS}
    for one in contenders:
        cells = [_cell(column, one["figures"], best[column.name]) for column in COLUMNS]
        yield Row(labels.get(one["key"], one["label"]), one["key"] == TESTED, cells)


def _best(contenders: Sequence[Mapping[str, Any]], column: Column) -> float | None:
    values = [one["figures"][column.name][0] for one in contenders]
    known = [round(value, column.digits) for value in values if value is not None]
    return (max if column.is_better_high else min)(known, default=None)


def _cell(column: Column, figures: Mapping[str, Sequence[float | None]], best: float | None = None) -> Cell:
    value, low, high = figures[column.name]
    if value is None or low is None or high is None:
        return Cell(column.label, "—", "")
    interval = f"{low:.{column.digits}f}–{high:.{column.digits}f}"
    return Cell(column.label, f"{value:.{column.digits}f}", interval, round(value, column.digits) == best)


def _parts(parts: Sequence[Mapping[str, Any]]) -> Iterator[PartRow]:
    for part in parts:
        cells = [_cell(column, part["figures"]) for column in SHORT]
        yield PartRow(part["name"], part["rows"], part["leavers"], part["said"], part["happened"], cells)


def _misses(misses: Sequence[Mapping[str, Any]], person: Person) -> Misses:
    wanted = [miss["account"] for miss in misses]
    accounts = Account.objects.visible_to(person).in_bulk(wanted)
    rows = [_miss(accounts[miss["account"]], miss) for miss in misses if miss["account"] in accounts]
    left, stayed = ([row for row in rows if row.left == outcome] for outcome in (True, False))
    return Misses(left, stayed, len(misses) - len(rows))


def _miss(account: Account, miss: Mapping[str, Any]) -> MissRow:
    day = datetime.datetime.fromisoformat(miss["origin"])
    return MissRow(account, day, miss["risk"], miss["left"], miss["revenue"])
