"""What the departments' own systems noticed: one table of signals for each kind, the troubles among the ordinary."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from accounts.signals import KINDS
from retention.demo.company import Company
from retention.demo.deliveries import Deliveries, order_number
from retention.demo.plan import Floats, Integers, Plan
from retention.demo.silence import left_unsaid, marks
from retention.demo.tables import Cell, Table
from retention.demo.troubles import CARRIERS, LEAD_DAYS, TROUBLES, Data, chosen

PRICE_CHANGE_MONTHS_AGO = 13.0


@dataclass(frozen=True, slots=True)
class Noticed:
    """One signal: `day` is when it happened, `known` when it was recorded, both with a fraction."""

    kind: str
    number: str
    account: int
    order: int
    day: float
    known: float
    data: Data


def tables(company: Company, deliveries: Deliveries, reported: Integers) -> Iterator[Table]:
    """Return a table for each kind of signal; the troubles in `reported` (positions) were told by people instead.

    Of others there is no record; only an answer to a survey says later that something was amiss.
    """
    unsaid = left_unsaid(company, reported)
    written = _troubles(company, deliveries, np.append(reported, unsaid))
    signals = [*written, *_ordinary(company, deliveries), *_marks(company, unsaid)]
    for kind in KINDS.values():
        fields = [field.name for field in kind.fields]
        rows = [_row(company, signal, fields) for signal in signals if signal.kind == kind.name]
        columns = ("external_id", "recorded_at", "account", "order", "happened_at", *fields)
        yield Table(f"signals_{kind.name}", columns, rows)


def _row(company: Company, signal: Noticed, fields: list[str]) -> tuple[Cell, ...]:
    order = order_number(signal.order) if signal.order >= 0 else None
    account = company.customers.number(signal.account)
    times = company.plan.moment(signal.known), account, order, company.plan.moment(signal.day)
    return (signal.number, *times, *(signal.data.get(field) for field in fields))


def trouble_number(event: int) -> str:
    """Return the number of the signal that shows a trouble."""
    return f"T{event + 1}"


def batch_of(company: Company, order: int) -> str:
    """Return the number of the batch that an order's goods came from: those of a day come from a few batches."""
    orders = company.course.orders
    return f"B{2_000 + (int(orders.day[order]) * 7 + int(orders.account[order]) % 7) % 999}"


def known_after(plan: Plan, day: Floats, random: np.random.Generator) -> Floats:
    """Return when what happened was recorded: some minutes to some hours later, never after today began."""
    return np.minimum(day + random.uniform(0.005, 0.3, len(day)), plan.days)


def _troubles(company: Company, deliveries: Deliveries, reported: Integers) -> Iterator[Noticed]:
    random, events = company.plan.stream("trouble signals"), company.course.events
    known = known_after(company.plan, events.day, random).tolist()
    told = set(reported.tolist())
    for event in range(len(events)):
        if event in told:
            continue
        trouble, order = TROUBLES[events.trouble[event]], int(events.order[event])
        data = trouble.data(float(events.severity[event]), random)
        if trouble.kind == "shipment" and order >= 0:
            data["days_late"] = int(deliveries.arrived[order] - deliveries.promised[order])
            data["batch"] = batch_of(company, order)
        account, day = int(events.account[event]), float(events.day[event])
        yield Noticed(trouble.kind, trouble_number(event), account, order, day, known[event], data)


def _marks(company: Company, unsaid: Integers) -> Iterator[Noticed]:
    for number, (account, day, data) in enumerate(marks(company, unsaid)):
        yield Noticed("survey", f"U{number + 1}", account, -1, day, min(day + 0.1, company.plan.days), data)


def _ordinary(company: Company, deliveries: Deliveries) -> Iterator[Noticed]:
    yield from _shipments(company, deliveries)
    yield from _after_orders(company)
    yield from _renewals(company)
    yield from _price_change(company)


def _shipments(company: Company, deliveries: Deliveries) -> Iterator[Noticed]:
    """Every order that arrived without trouble was shipped, too."""
    plan, orders, events = company.plan, company.course.orders, company.course.events
    random = plan.stream("shipments")
    shown = np.isin(events.trouble, [place for place, trouble in enumerate(TROUBLES) if trouble.kind == "shipment"])
    fine = np.ones(len(orders.account), dtype=np.bool_)
    fine[events.order[shown & (events.order >= 0)]] = False
    day = deliveries.arrived + random.uniform(0.33, 0.7, len(fine))
    known = known_after(plan, day, random)
    for order in np.flatnonzero(fine & (deliveries.arrived < plan.days)).tolist():
        late = int(deliveries.arrived[order] - deliveries.promised[order])
        data: Data = {"days_late": late, "carrier": chosen(CARRIERS, random), "batch": batch_of(company, order)}
        account = int(orders.account[order])
        yield Noticed("shipment", f"S{order + 1}", account, order, float(day[order]), float(known[order]), data)


def _after_orders(company: Company) -> Iterator[Noticed]:
    """What else follows orders now and then, and goes well."""
    plan, orders = company.plan, company.course.orders
    random = plan.stream("after orders")
    for kind, letter, chance, latest in ORDINARY:
        picked = np.flatnonzero(random.random(len(orders.account)) < chance)
        day = plan.workday(orders.day[picked] + random.integers(0, latest + 1, len(picked)))
        known = known_after(plan, day, random)
        for place, order in enumerate(picked.tolist()):
            if day[place] < plan.days:
                data = _well(kind, float(company.customers.order_value[orders.account[order]]), random)
                where = int(orders.account[order]), order
                yield Noticed(kind, f"{letter}{order + 1}", *where, float(day[place]), float(known[place]), data)


PROMISING = ("marketing", "sales", "corporate", "product_development")
# Kind of signal, letter of its numbers, how often after an order, at most how many days later.
ORDINARY = (
    ("invoice", "I", 0.35, 3),
    ("call", "C", 0.15, 9),
    ("inspection", "Q", 0.06, LEAD_DAYS),
    ("supplier_lot", "L", 0.04, LEAD_DAYS),
    ("sales_contact", "A", 0.04, 12),
    ("order_handling", "H", 0.02, 1),
    ("survey", "V", 0.05, 25),
    ("promise", "W", 0.05, 20),
    ("credit_note", "G", 0.02, 18),
)


def _well(kind: str, order_value: float, random: np.random.Generator) -> Data:
    """Return the data of a signal that shows nothing wrong."""
    match kind:
        case "invoice":
            return {"amount": round(order_value * float(random.lognormal(-0.08, 0.4)), 2), "amount_difference": 0}
        case "call":
            return {
                "wait_seconds": int(random.integers(10, 100)),
                "menu_levels": 2,
                "transfers": int(random.integers(2)),
            }
        case "inspection":
            return {"passed": True, "defects": 0, "batch": f"B{int(random.integers(2_000, 2_999))}"}
        case "supplier_lot":
            return {"rejected_share": round(float(random.uniform(0, 0.015)), 3), "out_of_stock_days": 0}
        case "sales_contact":
            return {"days_without_answer": int(random.integers(0, 3))}
        case "order_handling":
            return {"lost": False, "wrong_data": False}
        case "promise":
            return {"by": chosen(PROMISING, random), "days_overdue": 0, "in_product": True}
        case "credit_note":
            amount = round(order_value * float(random.uniform(0.02, 0.12)), 2)
            return {"amount": amount, "days_to_issue": int(random.integers(1, 8)), "issued": True}
        case "survey":
            return {"score": int(random.integers(7, 11))}
    raise ValueError(f"Nothing is known of ordinary signals of the kind {kind!r}.")


def _renewals(company: Company) -> Iterator[Noticed]:
    """Contracts go out well before they end, most of them readable."""
    plan, customers = company.plan, company.customers
    random = plan.stream("renewals")
    gone = np.fmin(np.nan_to_num(company.course.left, nan=np.inf), plan.days)
    for account in np.flatnonzero(customers.has_contract).tolist():
        day = float(customers.renewal[account]) - 60.5
        while day < gone[account]:
            if day >= customers.joined[account]:
                data: Data = {
                    "reading_grade": round(float(random.uniform(9, 12)), 1),
                    "one_sided_clauses": int(random.integers(0, 2)),
                    "redline_days": int(random.integers(1, 6)),
                }
                yield Noticed("contract", f"K{account + 1}-{int(day)}", account, -1, day, day + 0.1, data)
            day += 365


def _price_change(company: Company) -> Iterator[Noticed]:
    """A small price rise, announced a quarter ahead as it should be."""
    plan, customers = company.plan, company.customers
    day = float(np.floor(plan.days - PRICE_CHANGE_MONTHS_AGO * 30.4375)) + 0.42
    left = np.nan_to_num(company.course.left, nan=np.inf)
    for account in np.flatnonzero((customers.joined < day) & (left > day)).tolist() if day > 0 else []:
        data: Data = {"topic": "price_rise", "notice_days": 90, "price_change": 0.025}
        yield Noticed("decision", f"D{account + 1}", account, -1, day, day + 0.05, data)
