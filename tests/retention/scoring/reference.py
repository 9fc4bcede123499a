"""The score of one account, slowly and obviously: plain loops over model rows, no SQL, no arrays.

It shares nothing with the product but the stored weights and the definition.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import Any

from accounts.models import Account, Holding, Order, Touchpoint
from departments.models import Adoption, Commitment, Department, Release, Responsibility
from retention.models import ModelVersion

EPOCH = datetime.date(1970, 1, 1)


@dataclass
class Expected:
    """What the score of one account has to be."""

    risk: float
    baseline: float
    log_odds: float
    points: list[float]
    points_of_incidents: dict[int, float]


def day_of(moment: datetime.datetime) -> int:
    return (moment.astimezone(datetime.UTC).date() - EPOCH).days


def known(rows: Any, moment: datetime.datetime, happened: str) -> list[Any]:
    return [row for row in rows if row.recorded_at <= moment and getattr(row, happened) <= moment]


def rhythm(orders: list[Order], today: int, version: ModelVersion) -> float:
    """Log-odds of no order in the horizon, from the orders until the day `today`."""
    known = [order for order in orders if day_of(order.ordered_at) <= today]
    days = sorted({day_of(order.ordered_at) for order in known})
    learned = version.rhythm["orders"]
    silent = silence(learned["bgnbd"], days, today, version.horizon_days)
    if not days:
        return silent
    total = 0.0
    facts = {"bgnbd": silent, "constant": 1.0} | plain_facts(known, days, today, learned["usual_gap_days"])
    for name, coefficient in learned["coefficients"].items():
        total += coefficient * facts[name]
    return max(-9.0, min(9.0, total))


def silence(p: dict[str, float], days: list[int], today: int, horizon: float) -> float:
    """Log-odds of no order in the horizon by BG/NBD; a customer without any counts as if its first were just now."""
    r, alpha, a, b = p["r"], p["alpha"], p["a"], p["b"]
    x = max(len(days) - 1, 0)
    t_x = days[-1] - days[0] if days else 0
    watched = today - days[0] if days else 0
    odds_dead = 0.0 if x == 0 else a / (b + x - 1) * ((alpha + watched) / (alpha + t_x)) ** (r + x)
    alive = 1 / (1 + odds_dead)
    silent = ((alpha + watched) / (alpha + watched + horizon)) ** (r + x)
    order = alive * (1 - silent)
    return max(-9.0, min(9.0, math.log((1 - order) / order)))


def plain_facts(orders: list[Order], days: list[int], today: int, usual_gap: float) -> dict[str, float]:
    """What a learned rhythm weighs beside BG/NBD: silence, the account's own gap, a year's orders and money, trend."""
    ages = [today - day_of(order.ordered_at) for order in orders]
    in_a_year = [order for order, age in zip(orders, ages, strict=True) if age < 365]
    lately = sum(1 for age in ages if age < 90)
    before = sum(1 for age in ages if 90 <= age < 180)
    own_gap = (days[-1] - days[0] + usual_gap) / len(days)
    silent = math.log1p(today - days[-1])
    return {
        "silence": silent,
        "silence_against_own_gap": silent - math.log1p(own_gap),
        "orders_in_a_year": math.log1p(len(in_a_year)),
        "revenue_in_a_year": math.log1p(max(float(sum(order.amount for order in in_a_year)), 0.0)),
        "trend": math.log1p(lately) - math.log1p(before) if today - days[0] >= 180 else 0.0,
        "single_order": 1.0 if len(days) == 1 else 0.0,
    }


def friction(part: Responsibility, moment: datetime.datetime) -> float:
    """What one part of one incident weighs."""
    load = part.share * part.severity * part.friction_type.weight
    if part.resolved_at is not None and part.resolved_at <= moment:
        days = (moment - part.resolved_at).total_seconds() / 86_400
        load *= 0.5 ** (days / part.friction_type.half_life_days)
    return load


def contract_base(
    account: Account, first_order_day: int | None, orders_in_a_year: int, today: int, version: ModelVersion
) -> float:
    starts = [(account.customer_since - EPOCH).days] if account.customer_since else []
    starts += [first_order_day] if first_order_day is not None else []
    tenure = max(today - min(starts), 0) if starts else 0
    base = version.rhythm["contract"]
    total = base["usual"] + base["per_tenure"] * math.log2(1 + tenure / 365.25)
    total += base["per_activity"] * math.log1p(orders_in_a_year)
    if account.renews_on:
        days = float((account.renews_on - EPOCH).days - today)
        days = days % 365.25 if days < 0 else days
        total += base["at_renewal"] * min(max(2 - days / version.horizon_days, 0.0), 1.0)
    return max(-9.0, min(9.0, float(total)))


def contact_overdue(account: Account, moment: datetime.datetime, tenure: float, usual_cadence: int) -> float:
    contacts = known(account.touchpoints.all(), moment, "happened_at")
    if not any(touchpoint.recorded_at <= moment for touchpoint in Touchpoint.objects.all()):
        return 0.0
    silent = tenure
    if contacts:
        silent = (moment - max(contact.happened_at for contact in contacts)).total_seconds() / 86_400
    cadence = account.contact_cadence_days or usual_cadence
    return math.log1p(min(max(silent / cadence - 1, 0.0), 5.0))


def innovation_gap(account: Account, moment: datetime.datetime, tenure: float) -> float:
    today = day_of(moment)
    delivered = [(release.delivered_on - EPOCH).days for release in Release.objects.all() if release.delivered_on]
    delivered = [day for day in delivered if day <= today]
    if not delivered:
        return 0.0
    adoptions = Adoption.objects.filter(account=account)
    adopted = [(row.adopted_on - EPOCH).days for row in adoptions if row.recorded_at <= moment]
    adopted = [day for day in adopted if day <= today]
    since = max(adopted) if adopted else max(min(delivered), today - tenure)
    return math.log1p(min(max((today - since) / 365.25, 0.0), 3.0))


def broken_promises(account: Account, moment: datetime.datetime) -> float:
    today, total = day_of(moment), 0.0
    for commitment in Commitment.objects.filter(account=account).select_related("release"):
        delivered = commitment.release.delivered_on
        promised = (commitment.promised_for - EPOCH).days
        if commitment.recorded_at > moment or promised >= today:
            continue
        if delivered is None or (delivered - EPOCH).days > today:
            total += 1
        elif delivered > commitment.promised_for:
            total += 0.5 ** ((today - (delivered - EPOCH).days) / 180)
    return math.log1p(total)


def breadth(account: Account, moment: datetime.datetime) -> float:
    today = moment.astimezone(datetime.UTC).date()
    held: set[int] = set()
    for holding in Holding.objects.filter(account=account):
        in_force = holding.held_from <= today and (holding.held_until is None or holding.held_until > today)
        if in_force and holding.recorded_at <= moment:
            held.add(holding.product_id)
    return math.log1p(len(held))


def expected_score(
    account: Account, moment: datetime.datetime, version: ModelVersion, usual_cadence: int = 30
) -> Expected:
    """The score of an account by the definition, at a moment."""
    today, cut = day_of(moment), day_of(moment) - version.window_days
    orders = known(account.orders.all(), moment, "ordered_at")
    days = [day_of(order.ordered_at) for order in orders]
    first = min(days, default=None)
    starts = [(account.customer_since - EPOCH).days] if account.customer_since else []
    starts += [first] if first is not None else []
    tenure = float(max(today - min(starts), 0)) if starts else 0.0
    exposure = sum(0.5 ** ((today - day) / 90) for day in days)
    parts = known(account.responsibilities.select_related("department", "friction_type"), moment, "happened_at")
    loads: dict[str, float] = dict.fromkeys(Department.objects.values_list("slug", flat=True), 0.0)
    for part in parts:
        loads[part.department.slug] += friction(part, moment)

    by_order = bool(days) and account.renews_on is None
    before = rhythm(orders, cut, version)
    since = rhythm(orders, today, version) - before
    repeats_before = len({day for day in days if day <= cut}) - 1
    year_before = sum(1 for day in days if cut - 365 < day <= cut)
    contract = 0.0 if by_order else contract_base(account, first, year_before, today, version)
    features = {
        "intercept": 1.0,
        "rhythm_before": before if by_order else 0.0,
        "contract": contract,
        "contract_level": 1.0 if contract else 0.0,
        f"segment:{account.segment}": 1.0,
        f"segment_rhythm:{account.segment}": (before if by_order else contract) + 2.0,
        "care:contact_overdue": contact_overdue(account, moment, tenure, usual_cadence),
        "care:innovation_gap": innovation_gap(account, moment, tenure),
        "care:broken_promises": broken_promises(account, moment),
        "care:breadth": breadth(account, moment),
        "rhythm_since": since if by_order or repeats_before > 0 else 0.0,
    } | {f"department:{slug}": math.log1p(load / (1 + exposure)) for slug, load in loads.items()}
    return _by_weights(features, loads, parts, moment, version)


def _by_weights(
    features: dict[str, float],
    loads: dict[str, float],
    parts: list[Responsibility],
    moment: datetime.datetime,
    version: ModelVersion,
) -> Expected:
    contributions = [
        # Of the segments, a model knows those that it learned of; an account is in one.
        mean * features.get(term["key"], 0.0)
        for mean, term in zip(version.weights["mean"], version.terms, strict=True)
    ]
    base = [term["kind"] == "baseline" for term in version.terms]
    z0 = sum(c for c, is_base in zip(contributions, base, strict=True) if is_base)
    change = sum(c for c, is_base in zip(contributions, base, strict=True) if not is_base)
    risk, baseline = 1 / (1 + math.exp(-(z0 + change))), 1 / (1 + math.exp(-z0))
    slope = (risk - baseline) / change if abs(change) > 1e-7 else risk * (1 - risk)
    points = [0.0 if is_base else c * slope for c, is_base in zip(contributions, base, strict=True)]
    by_key = dict(zip([term["key"] for term in version.terms], points, strict=True))
    incidents: dict[int, float] = {}
    for part in parts:
        whole = loads[part.department.slug]
        share = by_key[f"department:{part.department.slug}"] * friction(part, moment) / whole if whole else 0.0
        incidents[part.incident_id] = incidents.get(part.incident_id, 0.0) + share
    return Expected(risk, baseline, z0 + change, points, incidents)
