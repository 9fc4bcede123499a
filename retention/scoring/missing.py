"""What counts where something is not known: the rules by which scoring fills in, in words for people.

The arithmetic is in features.py, rhythm.py and panel.py; tests hold it against each rule.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MissingRule:
    """What may be missing, and what counts instead."""

    missing: str
    counts: str


def missing_rules() -> tuple[MissingRule, ...]:
    """Every rule, in the order of a score: baseline, friction, care, money."""
    return (
        MissingRule(
            "an order before the friction window", "the rhythm of an account that has just placed its first order"
        ),
        MissingRule("any order at all, and a contract", "the base rate by tenure"),
        MissingRule(
            "the day since when it is a customer",
            "its first order; where there is none either, no tenure, and it is not learned from",
        ),
        MissingRule(
            "a renewal that lies ahead", "the one that has passed was for a year, and the next follows from it"
        ),
        MissingRule(
            "the renewal date as it stood on a past day, before it was kept",
            "the date known, less whole years: where learning looks back, it must not tell who stayed",
        ),
        MissingRule("a segment", "the weights of the whole company"),
        MissingRule("a department's incidents", "no friction; the feeds on this page say which have gone quiet"),
        MissingRule("the end of an incident", "it is open, and weighs in full"),
        MissingRule(
            "a contact with this account",
            "silent since it became a customer; nothing, where the company records no contacts",
        ),
        MissingRule(
            "an innovation in use",
            "since the first release, or since it became a customer; nothing, where there is no release",
        ),
        MissingRule("annual revenue", "orders of a year and twelve months of what it holds"),
        MissingRule("a number where a fact should be one", "the account keeps the score it has, and the log names it"),
    )
