"""The four figures above a portfolio, each with its change within a week."""

from collections.abc import Mapping
from dataclasses import dataclass

from retention import formatting
from retention.dashboards.portfolio_totals import Totals


@dataclass(frozen=True)
class Tile:
    """One figure above the list: what it says, and where it comes from."""

    label: str
    value: str
    note: str
    tone: str
    url: str


@dataclass(frozen=True)
class Sources:
    """The addresses of what each figure is made of."""

    everything: str
    avoidable: str
    at_risk: str
    incidents: str


def tiles(sums: Totals, incidents: Mapping[str, int], sources: Sources) -> list[Tile]:
    """Return the tiles."""
    return [
        Tile(
            "Revenue at risk, next 90 days",
            formatting.short_money(sums.revenue_at_risk),
            *_change(sums.change),
            sources.everything,
        ),
        Tile(
            "Avoidable (friction we caused)",
            formatting.short_money(sums.avoidable),
            *_change(sums.avoidable - sums.avoidable_before, f"{formatting.percent(sums.avoidable_share)} of the risk"),
            sources.avoidable,
        ),
        Tile(
            "Accounts at risk or worse",
            formatting.number(sums.at_risk),
            *_more(
                sums.at_risk - sums.at_risk_before,
                f"{formatting.number(sums.aside)} set aside" if sums.aside else "",
            ),
            sources.at_risk,
        ),
        Tile(
            "Open incidents",
            formatting.number(incidents["open"]),
            *_more(
                incidents["open"] - incidents["before"],
                f"{formatting.number(incidents['past_due'])} past due" if incidents["past_due"] else "none past due",
            ),
            sources.incidents,
        ),
    ]


def _change(money: float, besides: str = "") -> tuple[str, str]:
    if round(money) == 0:
        return " · ".join(filter(None, ["as a week ago", besides])), ""
    words = f"{_arrow(money)} {formatting.short_money(abs(money))} this week"
    return " · ".join(filter(None, [words, besides])), "bad" if money > 0 else "good"


def _more(count: int, besides: str = "") -> tuple[str, str]:
    words = f"{_arrow(count)} {formatting.number(abs(count))} this week" if count else "as a week ago"
    return " · ".join(filter(None, [words, besides])), "bad" if count > 0 else "good" if count < 0 else ""


def _arrow(change: float) -> str:
    return "▲" if change > 0 else "▼"
