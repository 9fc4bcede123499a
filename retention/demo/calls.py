"""The contacts made with customers, as account managers and the desk wrote them down."""

import numpy as np

from retention.demo.company import Company
from retention.demo.deliveries import order_number
from retention.demo.plan import Floats
from retention.demo.tables import Cell, Table
from retention.demo.words import pick

SUMMARIES: dict[str, tuple[str, ...]] = {
    "check_in": (
        "All well; asked after the spring price list.",
        "Went through the last deliveries. Content.",
        "Busy season, wants to be called again next month.",
        "New site opens soon, may need more pumps.",
        "Spoke about stock levels and lead times.",
    ),
    "work_in_process": (
        "Told where the open orders are and when they arrive.",
        "Asked when the back order comes; promised to look into it.",
        "Delivery moved to the other site at their wish.",
    ),
    "order": ("Ordered on the call.", "Took the monthly order on the call.", "Re-ordered what ran low."),
    "problem": (
        "Unhappy about the last delivery; passed on.",
        "Invoice question, passed to billing.",
        "Asked for the same answer twice, apologised.",
    ),
    "offer": ("Explained remote monitoring; they think about it.", "Offered managed stock. Not now."),
    "recovery": (
        "No answer.",
        "Left word with the office.",
        "Buys elsewhere for now, did not say why.",
        "Said they would call back.",
    ),
    "renewal": ("Went through the contract before renewal.",),
}
COLUMNS = "external_id recorded_at account contact person channel purpose happened_at minutes summary order_taken"


def table(company: Company, left: Floats) -> Table:
    """Return the contacts made with customers until they were known to have left, on days `left` (n,), NaN else."""
    plan, contacts = company.plan, company.care.contacts
    random = plan.stream("calls")
    taken = _orders_by_moment(company)
    until = np.nan_to_num(left, nan=np.inf)[contacts.account]
    made = np.flatnonzero((contacts.day < until) & (contacts.day < plan.days))
    rows: list[tuple[Cell, ...]] = []
    for contact in made.tolist():
        account, day = int(contacts.account[contact]), float(contacts.day[contact])
        order = taken.get((account, day))
        rows.append(_row(company, contact, order, random))
    return Table("touchpoints", COLUMNS.split(), rows)


def _orders_by_moment(company: Company) -> dict[tuple[int, float], int]:
    orders: tuple[list[int], list[float]] = company.course.orders.account.tolist(), company.course.orders.day.tolist()
    return {moment: order for order, moment in enumerate(zip(*orders, strict=True))}


def _row(company: Company, contact: int, order: int | None, random: np.random.Generator) -> tuple[Cell, ...]:
    plan, contacts = company.plan, company.care.contacts
    account, day = int(contacts.account[contact]), float(contacts.day[contact])
    number, moment, by_desk = company.customers.number(account), plan.moment(day), bool(contacts.by_desk[contact])
    purpose = "order" if order is not None else _purpose(company, account, day, random)
    visit = not by_desk and random.random() < 0.2
    channel = "visit" if visit else pick(random, ("call", "call", "call", "mail"))
    return (
        f"P{contact + 1}",
        plan.moment(min(day + 0.02, plan.days)),
        number,
        f"{number}-1" if random.random() < 0.7 else None,
        company.staff.people[contacts.person[contact]].email,
        "call" if order is not None else channel,
        purpose,
        moment,
        _minutes(channel, random),
        pick(random, SUMMARIES[purpose]),
        order_number(order) if order is not None else None,
    )


def _purpose(company: Company, account: int, day: float, random: np.random.Generator) -> str:
    if day > company.course.left[account]:
        return "recovery"
    days_to_renewal = (company.customers.renewal[account] - day) % 365.0
    if days_to_renewal < 60 and random.random() < 0.5:
        return "renewal"
    return pick(random, ("check_in", "check_in", "check_in", "work_in_process", "work_in_process", "problem", "offer"))


def _minutes(channel: str, random: np.random.Generator) -> int:
    usual = {"visit": 55.0, "call": 9.0, "mail": 6.0}[channel]
    return max(2, round(usual * float(random.lognormal(0.0, 0.4))))
