"""Rolling origins, out of time: what each contender would have said on past days, against what happened then.

At each origin a contender learns only from account-months whose outcome was known by then, which is a horizon earlier
at the latest, and is asked about the accounts of that day. Nothing here knows a database or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from retention.scoring.comparisons import Contender
from retention.scoring.engine import Floats
from retention.scoring.metrics import (
    FIGURES,
    Bools,
    Figure,
    Miss,
    better_by,
    calibration,
    measure,
    parts,
    worst_misses,
)
from retention.scoring.panel_arrays import Panel

# Before so many have left, and so many have stayed, there is nothing to learn from, and nothing is asked.
LEAST_OUTCOMES: Final = 30
LEAST_LEAVERS: Final = 200
LEAST_ORIGINS: Final = 2
LARGEST_ECE: Final = 0.05
MISSES_SHOWN: Final = 10
DRAWS_OF_PARTS: Final = 100
ACTIVE_DAYS: Final = 90.0
DAY_SECONDS: Final = 86_400.0

TESTED: Final = "tested"
ACTIVE: Final = "active"

Tell = Callable[[str], None]


class NothingToTest(ValueError):  # noqa: N818 - it reads as what it says
    """No origin has enough outcomes known before it to learn from."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The account-months that were asked about, and what each contender said of them, by key. Shapes (n,)."""

    asked: Panel
    risks: Mapping[str, Floats]

    @property
    def origins(self) -> list[int]:
        """The numbers of the origins asked about, in order."""
        return [int(number) for number in np.unique(self.asked.origin)]

    def on(self, origins: Sequence[int]) -> Answers:
        """The answers of some origins, by their numbers."""
        which = np.isin(self.asked.origin, origins)
        return Answers(self.asked.chosen(which), {key: said[which] for key, said in self.risks.items()})


def known_by(panel: Panel, number: int, horizon_days: float) -> Panel:
    """The account-months whose outcome was known at the origin of that number."""
    ages = [(panel.origins[number] - origin).total_seconds() / DAY_SECONDS for origin in panel.origins]
    return panel.of_origins(0, sum(age >= horizon_days for age in ages))


def testable(panel: Panel, horizon_days: float, most: int) -> list[int]:
    """The numbers of the last origins (`most` at most) before which enough outcomes were known, in order."""
    numbers = [number for number in np.unique(panel.origin) if _teaches(known_by(panel, int(number), horizon_days))]
    return [int(number) for number in numbers[-most:]]


def _teaches(known: Panel) -> bool:
    left = int(known.left.sum())
    return min(left, len(known) - left) >= LEAST_OUTCOMES


def roll(
    panel: Panel, contenders: Sequence[Contender], *, horizon_days: float, most: int, tell: Tell = lambda _: None
) -> Answers:
    """Ask every contender at each testable origin; raises NothingToTest where there is none."""
    numbers = testable(panel, horizon_days, most)
    if not numbers:
        raise NothingToTest(
            "There is too little history for a backtest: at no past month had enough accounts left before it "
            f"(at least {LEAST_OUTCOMES} that left and {LEAST_OUTCOMES} that stayed, a horizon earlier)."
        )
    asked = [panel.of_origins(number, number + 1) for number in numbers]
    risks: dict[str, list[Floats]] = {contender.key: [] for contender in contenders}
    for number, rows in zip(numbers, asked, strict=True):
        known = known_by(panel, number, horizon_days)
        tell(f"{panel.origins[number]:%d %b %Y}: learned from {len(known):,} account-months, asked of {len(rows):,}")
        for contender in contenders:
            risks[contender.key].append(contender.learn(known)(rows))
    return Answers(Panel.joined(asked), {key: np.concatenate(said) for key, said in risks.items()})


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether something holds, and in a sentence why."""

    holds: bool
    why: str


def may_be_called_a_probability(origins: int, leavers: int, ece: float) -> Rule:
    """The rule by which a risk index becomes a probability: rolling origins, enough leavers, calibrated."""
    failing = []
    if origins < LEAST_ORIGINS:
        failing.append(f"it could be asked on {origins} past day, and needs at least {LEAST_ORIGINS}")
    if leavers < LEAST_LEAVERS:
        failing.append(f"{leavers:,} accounts left in the time tested, and at least {LEAST_LEAVERS} are needed")
    if not ece <= LARGEST_ECE:
        failing.append(f"what it said missed what happened by {ece:.3f} on average (ECE), and {LARGEST_ECE} is allowed")
    if failing:
        return Rule(False, f"The number stays an index: {'; '.join(failing)}.")
    return Rule(
        True,
        f"Out of time on {origins} past days, {leavers:,} accounts left, and what was said missed what happened by "
        f"{ece:.3f} on average (ECE; at most {LARGEST_ECE} is allowed).",
    )


def may_replace(gain: Figure, ece: float, active_ece: float) -> Rule:
    """The rule by which a candidate may become active by itself: better on log loss, no worse on calibration.

    Better means that the 95 % interval of the gain, by pairs, lies above zero: luck alone replaces nothing.
    """
    better = f"log loss better by {gain.value:.4f} ({gain.low:.4f} to {gain.high:.4f})"
    told = f"{better}, ECE {ece:.3f} against {active_ece:.3f}"
    if not gain.low > 0.0:
        return Rule(False, f"Not surely better than the active model: {told}.")
    if not ece <= active_ece:
        return Rule(False, f"Better, but worse calibrated than the active model: {told}.")
    return Rule(True, f"Better than the active model and no worse calibrated: {told}.")


def report(answers: Answers, contenders: Sequence[Contender], horizon_days: float) -> dict[str, Any]:
    """Everything a backtest found, as plain lists, numbers and strings, fit for JSON.

    The contender with the key `tested` is whom the calibration, the parts and the misses are about.
    """
    asked, risk = answers.asked, answers.risks[TESTED]
    figures = {one.key: measure(answers.risks[one.key], asked.left, asked.account_id) for one in contenders}
    own = figures[TESTED]
    passed = may_be_called_a_probability(len(answers.origins), asked.leavers, own["ece"].value)
    return {
        "horizon_days": horizon_days,
        "origins": [asked.origins[number].isoformat() for number in answers.origins],
        "rows": len(asked),
        "accounts": len(np.unique(asked.account_id)),
        "leavers": asked.leavers,
        "rate": float(asked.left.mean()),
        "passed": passed.holds,
        "why": passed.why,
        **{name: own[name].to_list()[0] for name in FIGURES},
        "contenders": [_told(one, figures[one.key]) for one in contenders],
        "calibration": [one.to_dict() for one in calibration(risk, asked.left, asked.account_id)],
        "reliability": _parts(asked, risk, groups(asked)),
        "drift": _parts(asked, risk, _by_origin(answers)),
        "misses": [_miss(asked, one) for one in worst_misses(risk, asked.left, asked.account_id, MISSES_SHOWN)],
    }


def _told(contender: Contender, figures: Mapping[str, Figure]) -> dict[str, Any]:
    told = {name: figure.to_list() for name, figure in figures.items()}
    return {"key": contender.key, "label": contender.label, "figures": told}


def groups(asked: Panel) -> dict[str, Bools]:
    """The groups whose reliability is told apart: contract or order, how lately they ordered, segment."""
    orders, lately = ~asked.is_contract, asked.now.days_since_last < ACTIVE_DAYS
    segments = {
        name or "Without a segment": asked.segment == code for code, name in enumerate(asked.segments) if len(asked)
    }
    return {
        "Under contract": asked.is_contract,
        "Buys by order": orders,
        f"Ordered within {ACTIVE_DAYS:.0f} days": orders & lately,
        f"Silent for {ACTIVE_DAYS:.0f} days or more": orders & ~lately,
        **(segments if len(segments) > 1 else {}),
    }


def _by_origin(answers: Answers) -> dict[str, Bools]:
    days = {number: f"{answers.asked.origins[number]:%Y-%m-%d}" for number in answers.origins}
    return {day: answers.asked.origin == number for number, day in days.items()}


def _parts(asked: Panel, risk: Floats, members: Mapping[str, Bools]) -> list[dict[str, object]]:
    found = parts(risk, asked.left, asked.account_id, members, draws=DRAWS_OF_PARTS)
    return [part.to_dict() for part in found]


def _miss(asked: Panel, miss: Miss) -> dict[str, Any]:
    return {
        "account": int(asked.account_id[miss.row]),
        "origin": asked.origins[int(asked.origin[miss.row])].isoformat(),
        "risk": miss.risk,
        "left": miss.left,
        "revenue": float(asked.revenue[miss.row]),
    }


def compare(answers: Answers, key: str = ACTIVE) -> dict[str, Any]:
    """Hold the tested model against another one: may it take that one's place by itself?"""
    left, ids = answers.asked.left, answers.asked.account_id
    gain = better_by(answers.risks[TESTED], answers.risks[key], left, ids)
    eces = [measure(answers.risks[one], left, ids, draws=1)["ece"].value for one in (TESTED, key)]
    rule = may_replace(gain, *eces)
    return {"log_loss_gain": gain.to_list(), "ece": eces, "may_replace": rule.holds, "why": rule.why}
