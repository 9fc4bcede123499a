"""The scorecard in plain words and figures, written once for what is not the page: mail, PDF, live link.

It names no account and no person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import Organisation
from departments.models import Department
from retention.dashboards.definitions import DEFINITIONS, Definition
from retention.dashboards.scorecard import Scorecard
from retention.dashboards.scorecard_departments import DepartmentRow
from retention.dashboards.scorecard_figures import Months
from retention.dashboards.trust import Trust
from retention.formatting import exact_day, exact_moment, number, percent, short_day, short_money
from retention.templatetags.responsibility import exact_percent, hours

NOT_BACKTESTED = (
    "A risk index, not yet backtested: it orders accounts by what experts believe and by their own rhythm; it is not "
    "a probability yet."
)
DEFINED = (
    "nrr",
    "grr",
    "lost",
    "revenue-at-risk",
    "avoidable",
    "friction-budget",
    "rate",
    "handed-on",
    "on-time",
    "vacation",
    "sales-time",
    "breadth",
    "innovation",
    "promises",
    "waiting",
)


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure moved: in words, upwards or not, and whether that is good."""

    words: str
    is_up: bool
    is_good: bool

    @property
    def sign(self) -> str:
        """Return the arrow."""
        return "▲" if self.is_up else "▼"

    @property
    def direction(self) -> str:
        """Return the arrow in a word."""
        return "up" if self.is_up else "down"

    @property
    def tone(self) -> str:
        """Return good or bad."""
        return "good" if self.is_good else "bad"


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its name, its change if one is known, and a sentence."""

    label: str
    anchor: str
    value: str
    change: Change | None
    note: str


@dataclass(frozen=True, slots=True)
class Line:
    """A department in words; the money and its budget also as numbers, to draw them."""

    department: Department
    at_risk: str
    budget: str
    used: str
    is_over: bool
    rate: str
    to_accept: str
    on_time: str
    change: Change | None
    money: float
    allowed: float | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The scorecard to be read without the page."""

    company: str
    scope: str
    until: str
    against: str
    tiles: Sequence[Tile]
    care: Sequence[Tile]
    lines: Sequence[Line]
    months: Months
    trust: Sequence[str]
    rolled_up: str
    counted: str
    definitions: Sequence[Definition]


def sheet_of(card: Scorecard, company: Organisation) -> Sheet:
    """Write a scorecard as a sheet, in the style and zone that hold here."""
    standing = card.compared.standing
    return Sheet(
        company=company.name,
        scope=card.segment or "All segments",
        until=f"{card.period.name}, to {exact_day(card.period.today)}",
        against=card.period.words,
        tiles=_tiles(card),
        care=_care(card),
        lines=[_line(row) for row in card.rows],
        months=card.months,
        trust=trust_words(card.trust),
        rolled_up=exact_day(standing.day) if standing else "",
        counted=_counted(card),
        definitions=[one for one in DEFINITIONS if one.anchor in DEFINED],
    )


def _counted(card: Scorecard) -> str:
    """Say of when the figures are that were computed ahead; nothing where none was."""
    told = {"Revenue that stayed and accounts lost": card.computed_at, "departments": card.counted_at}
    words = ", ".join(f"{what} as of {exact_moment(moment)}" for what, moment in told.items() if moment)
    return words[:1].upper() + words[1:]


def _tiles(card: Scorecard) -> list[Tile]:
    compared, period = card.compared, card.period
    now, before = compared.standing, compared.standing_before
    kept, kept_before = compared.retained, compared.retained_before
    cohort = f"{number(kept.accounts)} accounts that bought the year before" if kept else _two_years(card)
    net, gross = (kept.net, kept.gross) if kept else (None, None)
    net_before, gross_before = (kept_before.net, kept_before.gross) if kept_before else (None, None)
    lost, lost_before = compared.lost, compared.lost_before
    return [
        Tile("Net revenue retention", "nrr", exact_percent(net), _points(net, net_before), cohort),
        Tile("Gross revenue retention", "grr", exact_percent(gross), _points(gross, gross_before), cohort),
        Tile(
            f"Accounts lost, {period.name}",
            "lost",
            number(lost.count),
            _count(lost.count, lost_before.count),
            f"{number(lost_before.count)} in as many days of {period.name_before}",
        ),
        Tile(
            "Revenue at risk, 90 days",
            "revenue-at-risk",
            short_money(now.at_risk if now else None),
            _money(now.at_risk if now else None, before.at_risk if before else None),
            f"{number(now.accounts_at_risk)} accounts at risk or worse" if now else "nothing has been rolled up",
        ),
        Tile(
            "Of it, friction we caused",
            "avoidable",
            short_money(now.avoidable if now else None),
            _money(now.avoidable if now else None, before.avoidable if before else None),
            f"{percent(now.avoidable_share)} of the revenue at risk" if now else "not known yet",
        ),
        _disputes(card),
    ]


def _disputes(card: Scorecard) -> Tile:
    waiting = card.waiting
    note = f"putting {short_money(waiting.disputed_money)} at risk" if waiting.disputed else "none is"
    change = _count(waiting.disputed, card.disputed_before)
    return Tile("Handed back or in dispute", "waiting", number(waiting.disputed), change, note)


def _two_years(card: Scorecard) -> str:
    begins = card.compared.begins
    return f"needs two years of revenue, the record begins {short_day(begins)}" if begins else "no revenue on record"


def _care(card: Scorecard) -> list[Tile]:
    innovation, breadth = card.innovation, card.breadth
    promises = innovation.promises
    shares = ", ".join(f"{one.label.lower()} {percent(one.share)}" for one in card.sales_time[:5])
    moved = None if breadth.now is None or breadth.before is None else breadth.now - breadth.before
    return [
        Tile("Vacation test", "vacation", "", None, _vacation(card)),
        Tile("Sales time, 90 days", "sales-time", "", None, shares or "no minutes are on record"),
        Tile(
            "Services per account",
            "breadth",
            "—" if breadth.now is None else f"{breadth.now:.2f}",
            _change(moved, f"{abs(moved or 0):.2f}", rise_is_good=True),
            "" if breadth.now is not None else "no services are on record",
        ),
        Tile(
            "Adopted an innovation in 12 months",
            "innovation",
            percent(innovation.adopted),
            _points(innovation.adopted, innovation.adopted_before),
            "of accounts",
        ),
        Tile(
            "Promises of innovations kept",
            "promises",
            percent(promises.kept_share),
            _points(promises.kept_share, innovation.promises_before.kept_share),
            f"{number(promises.kept)} kept, {number(promises.late)} kept late, {number(promises.broken)} not kept",
        ),
    ]


def _vacation(card: Scorecard) -> str:
    if not card.vacation.is_known:
        return card.vacation.sentence
    kinds = [f"{label.lower()}: {percent(effect.ratio)}" for label, effect in card.vacation.kinds if effect.absences]
    return f"{card.vacation.sentence}; of the usual orders, where {', '.join(kinds)}."


def _line(row: DepartmentRow) -> Line:
    budget = row.budget
    rate = "—" if row.rate.per_hundred is None else f"{row.rate.per_hundred:.1f} / 100 {row.rate.unit}"
    return Line(
        department=row.department,
        at_risk=short_money(row.at_risk),
        budget=short_money(budget.amount),
        used=percent(budget.share),
        is_over=budget.share is not None and budget.share > 1,
        rate=rate,
        to_accept=hours(row.answers.median_hours),
        on_time=percent(row.on_time),
        change=_money(row.at_risk, row.before),
        money=row.at_risk or 0.0,
        allowed=budget.amount,
    )


def trust_words(trust: Trust) -> list[str]:
    """Say in sentences how far the number can be trusted."""
    if not trust.is_backtested:
        return [NOT_BACKTESTED, trust.missing]
    auc = trust.figures.get("auc")
    words = [f"AUC {float(auc):.2f} out of time."] if auc is not None else []
    if trust.passed:
        return [*words, "The last backtest was passed: the number is a probability."]
    return [*words, "The last backtest was not passed: the number stays an index."]


def _points(now: float | None, before: float | None) -> Change | None:
    moved = None if now is None or before is None else (now - before) * 100
    return _change(moved, f"{abs(moved or 0):.1f} pts", rise_is_good=True)


def _money(now: float | None, before: float | None) -> Change | None:
    moved = None if now is None or before is None else now - before
    return _change(moved, short_money(abs(moved or 0)), rise_is_good=False)


def _count(now: int, before: int) -> Change | None:
    return _change(float(now - before), number(abs(now - before)), rise_is_good=False)


def _change(moved: float | None, words: str, *, rise_is_good: bool) -> Change | None:
    # A change that rounds to nothing is none.
    if not moved or not any(letter in words for letter in "123456789"):
        return None
    return Change(words, moved > 0, (moved > 0) == rise_is_good)
