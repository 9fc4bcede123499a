"""From the database to arrays: what was known of each account at a moment, read in chunks by binary COPY."""

import datetime
import io
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from django.db import connection

from accounts.models import Organisation, Touchpoint
from departments.models import Department, FrictionType, Release
from retention.scoring.binary import from_copy
from retention.scoring.engine import Floats, Inputs, ScoringModel, segments_of
from retention.scoring.rhythm import DAYS_IN_A_YEAR, ContractFacts, OrderFacts

HERE = Path(__file__).parent
FEATURES_SQL = (HERE / "features.sql").read_text()
FRICTION_SQL = (HERE / "friction.sql").read_text()

DAY = 86_400.0
EXPOSURE_HALF_LIFE_DAYS = 90.0
PROMISE_HALF_LIFE_DAYS = 180.0
MOST_CADENCES_OVERDUE = 5.0
MOST_YEARS_WITHOUT_INNOVATION = 3.0

RHYTHM_COLUMNS = (
    *("orders", "first_day", "last_day"),
    *("orders_in_a_year", "revenue_in_a_year", "orders_in_90_days", "orders_in_90_days_before", "exposure"),
    *("before_orders", "before_last_day", "before_orders_in_a_year", "before_revenue_in_a_year"),
    *("before_orders_in_90_days", "before_orders_in_90_days_before"),
)
FACT_COLUMNS = {"account_id": ">i8"} | dict.fromkeys(
    [
        *("renews_on", "customer_since", "stated_revenue", "cadence"),
        *RHYTHM_COLUMNS,
        *("contacted", "adopted", "broken_promises", "products", "monthly_value"),
        *("history_risk", "history_as_of", "scored_as_of", "scored_by", "segment"),
    ],
    ">f8",
)
Columns = dict[str, npt.NDArray[Any]]

LOAD_COLUMNS = {"account_id": ">i8", "department_id": ">i8", "load": ">f8"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which accounts a statement is about: those of some ids, or of a range of ids."""

    condition: str
    parameters: dict[str, Any]

    @classmethod
    def of_ids(cls, account_ids: Sequence[int]) -> Self:
        return cls("{column} = ANY(%(scope_ids)s)", {"scope_ids": list(account_ids)})

    @classmethod
    def between(cls, first: int, last: int) -> Self:
        """Return the scope of the ids from first to last, both included."""
        return cls("{column} BETWEEN %(scope_first)s AND %(scope_last)s", {"scope_first": first, "scope_last": last})

    def on(self, column: str) -> str:
        """Return the condition on a column that holds account ids."""
        return self.condition.format(column=column)


@dataclass(frozen=True, slots=True)
class FrictionTypes:
    """Weight and decay rate (a second) of each friction type, as arrays that SQL can take as constants."""

    weights: str
    rates: str

    @classmethod
    def read(cls) -> Self:
        rows = {pk: rest for pk, *rest in FrictionType.objects.values_list("pk", "weight", "half_life_days")}
        first, last = min(rows, default=1), max(rows, default=1)
        spread = [rows.get(pk, (0.0, 1.0)) for pk in range(first, last + 1)]
        rates = [math.log(2) / (half_life * DAY) for _, half_life in spread]
        return cls(_constant(first, last, [weight for weight, _ in spread]), _constant(first, last, rates))


def _constant(first: int, last: int, values: list[float]) -> str:
    return f"'[{first}:{last}]={{{','.join(map(repr, values))}}}'::float8[]"


@dataclass(frozen=True, slots=True)
class Feeds:
    """What the company records at all: silence of a feed that does not exist is no neglect."""

    cadence_days: int
    has_contacts: bool
    first_release_day: float

    @classmethod
    def read(cls, as_of: datetime.datetime) -> Self:
        cadence = Organisation.objects.values_list("contact_cadence_days", flat=True).first()
        releases = Release.objects.filter(delivered_on__lte=as_of.date()).order_by("delivered_on")
        first = releases.values_list("delivered_on", flat=True).first()
        return cls(
            cadence or Organisation._meta.get_field("contact_cadence_days").default,
            Touchpoint.objects.filter(recorded_at__lte=as_of).exists(),
            math.nan if first is None else float((first - datetime.date(1970, 1, 1)).days),
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
    """Read what was known at `as_of` of the accounts in scope that had not left: four statements and two COPYs."""
    feeds, today = Feeds.read(as_of), epoch_day(as_of)
    parameters = {
        "as_of": as_of,
        "day": as_of.astimezone(datetime.UTC).date(),
        "today": today,
        "cut": today - int(window_days),
        "epoch": as_of.timestamp(),
        "exposure_rate": math.log(2) / EXPOSURE_HALF_LIFE_DAYS,
        "promise_rate": math.log(2) / PROMISE_HALF_LIFE_DAYS,
        "cadence": feeds.cadence_days,
        **scope.parameters,
    }
    columns = _copy(_features_sql(scope), parameters, FACT_COLUMNS)
    columns |= {"today": np.full(len(columns["account_id"]), float(today)), **_feed_columns(feeds, columns)}
    types = FrictionTypes.read()
    parts = _copy(_friction_sql(scope, types), parameters, LOAD_COLUMNS)
    departments = dict(Department.objects.order_by("pk").values_list("pk", "slug"))
    loads = _spread(parts, columns["account_id"], list(departments))
    return Facts(columns, tuple(departments), tuple(departments.values()), loads, types, as_of)


def epoch_day(moment: datetime.datetime) -> int:
    """Return the whole UTC days since 1970."""
    return int(moment.timestamp() // DAY)


def _features_sql(scope: Scope) -> str:
    conditions = {
        "account_id": scope.on("account_id"),
        "commitment_account_id": scope.on("commitment.account_id"),
        "own_id": scope.on("account.id"),
        "score_account_id": scope.on("score.account_id"),
    }
    return FEATURES_SQL.format(**conditions)


def _friction_sql(scope: Scope, types: FrictionTypes) -> str:
    return FRICTION_SQL.format(account_id=scope.on("account_id"), weights=types.weights, rates=types.rates)


def _copy(sql: str, parameters: dict[str, Any], columns: dict[str, str]) -> Columns:
    received = io.BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.mogrify(sql, parameters).decode()
        cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT BINARY)", received)
    return from_copy(received.getvalue(), columns)


def _feed_columns(feeds: Feeds, columns: Columns) -> Columns:
    rows = len(columns["account_id"])
    return {
        "has_contacts": np.full(rows, feeds.has_contacts),
        "first_release": np.full(rows, feeds.first_release_day),
    }


def _spread(loads: Columns, account_ids: npt.NDArray[np.int64], departments: list[int]) -> Floats:
    """Turn (account, department, load) into a matrix; `account_ids` and `departments` ascend."""
    matrix = np.zeros((len(account_ids), len(departments)))
    if len(account_ids):
        rows = np.minimum(np.searchsorted(account_ids, loads["account_id"]), len(account_ids) - 1)
        found = account_ids[rows] == loads["account_id"]
        matrix[rows[found], np.searchsorted(departments, loads["department_id"][found])] = loads["load"][found]
    return matrix


def build_inputs(facts: Facts, model: ScoringModel) -> Inputs:
    """Turn facts into the features that the model weighs.

    Under contract, and where nothing was ever ordered, the baseline comes from tenure and renewal; everybody else's
    from the rhythm of orders before the friction window.
    """
    now, before = orders_now(facts), orders_before(facts, model.window_days)
    by_order = now.has_ordered & np.isnan(facts.columns["renews_on"])
    rhythm_before = model.rhythm.log_odds(before, model.horizon_days)
    since = model.rhythm.log_odds(now, model.horizon_days) - rhythm_before
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
    return np.where(np.isnan(days), np.inf, np.where(days < 0.0, days % DAYS_IN_A_YEAR, days))


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
