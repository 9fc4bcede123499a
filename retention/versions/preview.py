"""What another model would change, on real accounts: both score the same facts of this moment, nothing is stored."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from django.db.models import Func

from accounts.models import Account
from departments.models import Person
from retention.models import ModelVersion
from retention.scoring.bands import BAND_WORDS, Band, band_numbers
from retention.scoring.engine import Floats, ScoringModel, Term, TermKind, score
from retention.scoring.features import Facts, Scope, build_inputs, read_facts
from retention.scoring.ledger import build_ledger
from retention.scoring.versions import completed, scoring_model

MOST_ACCOUNTS: Final = 10_000
MOVES_SHOWN: Final = 20
REASONS_SHOWN: Final = 3
LEAST_REASON: Final = 0.001
BANDS: Final = tuple(Band)
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reason:
    """A term that moves a risk, by so many points."""

    label: str
    points: float


@dataclass(frozen=True, slots=True)
class Move:
    """One account whose risk another model sees differently, and which terms make the difference, largest first."""

    account: Account
    before: float
    after: float
    reasons: Sequence[Reason]
    changes_band: bool
    money: float


@dataclass(frozen=True, slots=True)
class Cell:
    """How many accounts come to one band from another, or stay."""

    accounts: int
    stays: bool


@dataclass(frozen=True, slots=True)
class BandRow:
    """The accounts of one band by the model in force, and how many of them are in each band by the other."""

    words: str
    accounts: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would change: of `accounts` looked at (of `staying` in all) how many change band, and the money at risk."""

    accounts: int
    staying: int
    moved: int
    money_before: float
    money_after: float
    bands: Sequence[BandRow]
    moves: Sequence[Move]

    @property
    def is_sample(self) -> bool:
        return self.accounts < self.staying

    @property
    def money_change(self) -> float:
        return self.money_after - self.money_before


@dataclass(frozen=True, slots=True)
class _Side:
    """One model's view of the accounts: risk, and the points of each term by key, the baseline's as one."""

    risk: Floats
    points: dict[str, Floats]
    labels: dict[str, str]


def preview(active: ModelVersion, other: ModelVersion, *, moment: datetime.datetime, person: Person) -> Preview:
    """Hold another version against the active one, on the accounts that the person may see."""
    staying = Account.objects.visible_to(person).staying()
    # The same accounts each time, of every age.
    by_lot = staying.order_by(Func("pk", function="hashint8"))
    ids = sorted(by_lot.values_list("pk", flat=True)[:MOST_ACCOUNTS])
    models = [completed(scoring_model(version)) for version in (active, other)]
    facts = read_facts(Scope.of_ids(ids), moment, models[0].window_days)
    before = _seen(facts, models[0])
    after = _seen(_again(facts, models, ids), models[1])
    money = facts.annual_revenue
    bands = band_numbers(before.risk), band_numbers(after.risk)
    return Preview(
        accounts=len(facts.account_ids),
        staying=staying.count(),
        moved=int((bands[0] != bands[1]).sum()),
        money_before=float((before.risk * money).sum()),
        money_after=float((after.risk * money).sum()),
        bands=list(_band_rows(*bands)),
        moves=list(_moves(facts, before, after)),
    )


def _again(facts: Facts, models: Sequence[ScoringModel], ids: Sequence[int]) -> Facts:
    """Return the facts as the second model asks for them: the same, unless its friction window is another."""
    if models[0].window_days == models[1].window_days:
        return facts
    return read_facts(Scope.of_ids(ids), facts.as_of, models[1].window_days)


def _seen(facts: Facts, model: ScoringModel) -> _Side:
    scores = score(build_inputs(facts, model), model.weights)
    ledger = build_ledger(scores, model.weights)
    blamed = [(place, term) for place, term in enumerate(ledger.terms) if term.kind is not TermKind.BASELINE]
    points = {term.key: ledger.points[:, place] for place, term in blamed}
    return _Side(ledger.risk, points | {"baseline": ledger.baseline}, _labels(term for _, term in blamed))


def _labels(terms: Iterator[Term]) -> dict[str, str]:
    return {term.key: term.label for term in terms} | {"baseline": "Baseline"}


def _band_rows(before: Integers, after: Integers) -> Iterator[BandRow]:
    table = np.zeros((len(BANDS), len(BANDS)), dtype=np.int64)
    np.add.at(table, (before, after), 1)
    for number, band in enumerate(BANDS):
        cells = [Cell(int(count), other == number) for other, count in enumerate(table[number])]
        yield BandRow(BAND_WORDS[band], int(table[number].sum()), cells)


def _moves(facts: Facts, before: _Side, after: _Side) -> Iterator[Move]:
    """Yield the accounts with the largest change of money at risk, those that change band first."""
    change = after.risk - before.risk
    changes_band = band_numbers(before.risk) != band_numbers(after.risk)
    money = change * facts.annual_revenue
    rows = np.lexsort((-np.abs(money), ~changes_band))[:MOVES_SHOWN]
    rows = rows[np.abs(change[rows]) >= LEAST_REASON]
    accounts = Account.objects.in_bulk([int(facts.account_ids[row]) for row in rows])
    for row in rows.tolist():
        yield Move(
            account=accounts[int(facts.account_ids[row])],
            before=float(before.risk[row]),
            after=float(after.risk[row]),
            reasons=_reasons(before, after, row),
            changes_band=bool(changes_band[row]),
            money=float(money[row]),
        )


def _reasons(before: _Side, after: _Side, row: int) -> list[Reason]:
    labels = before.labels | after.labels
    changes = [Reason(label, _points(after, key, row) - _points(before, key, row)) for key, label in labels.items()]
    largest = sorted(changes, key=lambda reason: -abs(reason.points))[:REASONS_SHOWN]
    return [reason for reason in largest if abs(reason.points) >= LEAST_REASON]


def _points(side: _Side, key: str, row: int) -> float:
    return float(side.points[key][row]) if key in side.points else 0.0
