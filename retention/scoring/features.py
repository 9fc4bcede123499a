"""From the database to features: what was known of each account at a moment, and what the model weighs of it."""

import datetime
import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.db import connection

from accounts.models import Organisation
from retention.scoring import gathering
from retention.scoring.engine import Floats, Inputs, ScoringModel, segments_of
from retention.scoring.gathering import DAY, LookUp
from retention.scoring.reading import Scope, epoch_day, read_records
from retention.scoring.records import Columns, Records
from retention.scoring.rhythm import DAYS_IN_A_YEAR, ContractFacts, OrderFacts

__all__ = ["DAY", "Facts", "FrictionTypes", "Scope", "build_inputs", "epoch_day", "read_facts"]

MOST_CADENCES_OVERDUE: Final = 5.0
MOST_YEARS_WITHOUT_INNOVATION: Final = 3.0

REFERENCE_SQL: Final = """
    (SELECT contact_cadence_days FROM accounts_organisation LIMIT 1),
    EXISTS (SELECT FROM accounts_touchpoint WHERE recorded_at <= %(as_of)s),
    (SELECT json_object_agg(id, slug)::text FROM departments_department),
    (SELECT json_object_agg(id, ARRAY[weight, half_life_days])::text FROM departments_frictiontype),
    (SELECT json_object_agg(id, delivered_on - DATE '1970-01-01')::text
     FROM departments_release WHERE delivered_on IS NOT NULL)
"""


@dataclass(frozen=True)
class FrictionTypes:
    """Weight and decay rate (a second) of each friction type, by id."""

    by_id: dict[int, tuple[float, float]]

    @cached_property
    def weight(self) -> LookUp:
        return LookUp.of({pk: weight for pk, (weight, _) in self.by_id.items()}, missing=0.0)

    @cached_property
    def rate(self) -> LookUp:
        return LookUp.of({pk: rate for pk, (_, rate) in self.by_id.items()}, missing=0.0)

    @property
    def weights(self) -> str:
        """Return the weights as an array that SQL takes as a constant: a join to their table costs far more."""
        return self._constant(0)

    @property
    def rates(self) -> str:
        """Return the rates as an array that SQL takes as a constant."""
        return self._constant(1)

    def _constant(self, position: int) -> str:
        first, last = min(self.by_id, default=1), max(self.by_id, default=1)
        values = (repr(self.by_id.get(pk, (0.0, 0.0))[position]) for pk in range(first, last + 1))
        return f"'[{first}:{last}]={{{','.join(values)}}}'::float8[]"


@dataclass(frozen=True)
class Reference:
    """What holds for all accounts alike: departments, friction types, releases, and which feeds there are at all.

    `departments` has the slug of each id, ids ascending; `delivered` the day of each release that was delivered.
    """

    cadence_days: int
    has_contacts: bool
    departments: dict[int, str]
    types: FrictionTypes
    delivered: dict[int, float]

    @classmethod
    def read(cls, as_of: datetime.datetime) -> "Reference":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {REFERENCE_SQL}", {"as_of": as_of})
            return reference_of(cursor.fetchone())

    @cached_property
    def places(self) -> LookUp:
        """Return in which column each department stands."""
        return LookUp.of({pk: place for place, pk in enumerate(self.departments)}, missing=0.0)

    @cached_property
    def delivery_days(self) -> LookUp:
        return LookUp.of(self.delivered, missing=math.nan)

    def first_release_day(self, today: int) -> float:
        """Return the day since which there was anything to adopt; NaN before."""
        return min((day for day in self.delivered.values() if day <= today), default=math.nan)


@lru_cache(maxsize=4)
def reference_of(row: tuple[Any, ...]) -> Reference:
    """Return what `REFERENCE_SQL` selects as it is asked; it is the same for thousands of changed accounts."""
    cadence, has_contacts, departments, types, delivered = row
    return Reference(
        cadence or Organisation._meta.get_field("contact_cadence_days").default,
        has_contacts,
        dict(sorted((int(pk), slug) for pk, slug in json.loads(departments or "{}").items())),
        FrictionTypes(
            {int(pk): (weight, math.log(2) / (life * DAY)) for pk, (weight, life) in json.loads(types or "{}").items()}
        ),
        {int(pk): float(day) for pk, day in json.loads(delivered or "{}").items()},
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """What one reading found: a column per fact (n,), loads (n, D) by department, and the moment.

    `department_ids` and `departments` (their slugs) are in one order; `types` are the weights that loads were made by.
    """

    columns: Columns
    department_ids: tuple[int, ...]
    departments: tuple[str, ...]
    loads: Floats
    types: FrictionTypes
    as_of: datetime.datetime

    @property
    def account_ids(self) -> npt.NDArray[np.int64]:
        return self.columns["account_id"]

    @property
    def annual_revenue(self) -> Floats:
        """Return the stated annual revenue; where none is, what was ordered in a year and twelve months' holdings."""
        stated = self.columns["stated_revenue"]
        found = self.columns["revenue_in_a_year"] + 12.0 * self.columns["monthly_value"]
        return np.where(stated > 0.0, stated, np.maximum(found, 0.0))


def read_facts(scope: Scope, as_of: datetime.datetime, window_days: float) -> Facts:
    """Read what was known at `as_of` of the accounts in scope that had come and not left, ids ascending."""
    # The records first: whatever they refer to is there when it is read.
    return gather(read_records(scope, as_of), Reference.read(as_of), as_of, window_days).facts


@dataclass(frozen=True, slots=True)
class Gathered:
    """Facts, and the records that they were summed from.

    `places` (n,) says where the account of a fact stands in the records; `left` are the ids of those that had left.
    """

    facts: Facts
    records: Records
    places: npt.NDArray[np.intp]
    left: npt.NDArray[np.int64]


def gather(records: Records, reference: Reference, as_of: datetime.datetime, window_days: float) -> Gathered:
    """Sum up records that were known by `as_of`; accounts that had left, or not come yet, are left out."""
    today, count = epoch_day(as_of), len(records)
    parts, types = records.parts, reference.types
    loads = gathering.part_loads(parts, types.weight, types.rate, as_of.timestamp())
    by_department = gathering.department_loads(parts, loads, reference.places, count, len(reference.departments))
    columns = {
        **records.accounts,
        **gathering.order_facts(records, today, today - int(window_days)),
        "broken_promises": gathering.broken_promises(records.promises, reference.delivery_days, today, count),
        **gathering.held_services(records.holdings, today, count),
        "today": np.full(count, float(today)),
        "has_contacts": np.full(count, reference.has_contacts),
        "first_release": np.full(count, reference.first_release_day(today)),
    }
    columns["cadence"] = np.where(np.isnan(columns["cadence"]), float(reference.cadence_days), columns["cadence"])
    left = records.account_ids[columns["left_on"] <= today]
    places = np.flatnonzero(~(columns["left_on"] <= today) & ~(columns["customer_since"] > today))
    if len(places) < count:
        columns = {name: values[places] for name, values in columns.items()}
        by_department = by_department[places]
    departments = reference.departments
    facts = Facts(columns, tuple(departments), tuple(departments.values()), by_department, types, as_of)
    return Gathered(facts, records, places, left)


def build_inputs(facts: Facts, model: ScoringModel) -> Inputs:
    """Turn facts into the features that the model weighs.

    Under contract, and where nothing was ever ordered, the baseline comes from tenure and renewal; everybody else's
    from the rhythm of orders before the friction window.
    """
    now, before = orders_now(facts), orders_before(facts, model.window_days)
    by_order = now.has_ordered & np.isnan(facts.columns["renews_on"])
    # Both at once: for a single account it is the number of steps that takes the time.
    rhythm_before, rhythm_now = np.split(model.rhythm.log_odds(before.followed_by(now), model.horizon_days), 2)
    since = rhythm_now - rhythm_before
    contract = ContractFacts(tenure_days(facts), days_to_renewal(facts), before.orders_in_a_year)
    return Inputs(
        rhythm_before=np.where(by_order, rhythm_before, 0.0),
        contract=np.where(by_order, 0.0, model.contract.log_odds(contract, model.horizon_days)),
        departments=facts.departments,
        loads=facts.loads,
        exposure=facts.columns["exposure"],
        care=care_features(facts),
        # One order a contract began with is no rhythm that could fall.
        rhythm_since=np.where(by_order | (before.repeat_orders > 0), since, 0.0),
        segments=_members(facts, segments_of(model.weights.terms)),
    )


def _members(facts: Facts, segments: Sequence[str]) -> dict[str, Floats]:
    """Return who is in which segment, 1 or 0 by its name: rows of fixed width carry a segment by its checksum."""
    codes = facts.columns["segment"]
    return {name: (codes == float(zlib.crc32(name.encode()))).astype(np.float64) for name in segments}


def orders_now(facts: Facts) -> OrderFacts:
    """Return the order facts at the moment of reading."""
    return _order_facts(facts.columns, facts.columns["today"], "")


def orders_before(facts: Facts, window_days: float) -> OrderFacts:
    """Return the order facts as they stood when the friction window began."""
    return _order_facts(facts.columns, facts.columns["today"] - int(window_days), "before_")


def _order_facts(columns: Columns, today: Floats, prefix: str) -> OrderFacts:
    orders = columns[f"{prefix}orders"]
    any_order = orders > 0
    return OrderFacts(
        orders,
        np.where(any_order, today - columns["first_day"], 0.0),
        np.where(any_order, today - columns[f"{prefix}last_day"], 0.0),
        columns[f"{prefix}orders_in_a_year"],
        columns[f"{prefix}revenue_in_a_year"],
        columns[f"{prefix}orders_in_90_days"],
        columns[f"{prefix}orders_in_90_days_before"],
    )


def tenure_days(facts: Facts) -> Floats:
    """Return the days since the account became a customer; since its first order where that is not stated; else 0."""
    began = np.fmin(facts.columns["customer_since"], facts.columns["first_day"])
    known = np.maximum(facts.columns["today"] - began, 0.0)
    return np.where(np.isnan(known), 0.0, known)


def days_to_renewal(facts: Facts) -> Floats:
    """Return the days to the next renewal, infinite without a contract.

    A renewal that has passed without the account leaving was a renewal for a year.
    """
    days = facts.columns["renews_on"] - facts.columns["today"]
    days = np.where(np.isnan(days), np.inf, days)
    # Few have passed, and a remainder is what takes the time.
    passed = np.flatnonzero(days < 0.0)
    days[passed] %= DAYS_IN_A_YEAR
    return days


def care_features(facts: Facts) -> dict[str, Floats]:
    """Return the features of the care terms, (n,) each; 0 where the company records nothing of the kind."""
    columns = facts.columns
    return {
        "care:contact_overdue": _contact_overdue(facts),
        "care:innovation_gap": _innovation_gap(facts),
        "care:broken_promises": np.log1p(columns["broken_promises"]),
        "care:breadth": np.log1p(columns["products"]),
    }


def _contact_overdue(facts: Facts) -> Floats:
    columns = facts.columns
    silent = facts.as_of.timestamp() / DAY - columns["contacted"]
    # Never contacted, in a company that records contacts: silent ever since it became a customer.
    silent = np.where(np.isnan(silent), tenure_days(facts), silent)
    overdue = np.clip(silent / np.maximum(columns["cadence"], 1.0) - 1.0, 0.0, MOST_CADENCES_OVERDUE)
    return np.where(columns["has_contacts"], np.log1p(overdue), 0.0)


def _innovation_gap(facts: Facts) -> Floats:
    columns = facts.columns
    could_adopt = np.fmax(columns["first_release"], columns["today"] - tenure_days(facts))
    since = np.where(np.isnan(columns["adopted"]), could_adopt, columns["adopted"])
    years = np.clip((columns["today"] - since) / DAYS_IN_A_YEAR, 0.0, MOST_YEARS_WITHOUT_INNOVATION)
    return np.where(np.isnan(columns["first_release"]), 0.0, np.log1p(years))
