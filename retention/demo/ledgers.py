"""The books of the demo company: accounts, contacts, services, orders, as its systems would export them."""

import datetime
from collections.abc import Iterator

import numpy as np

from retention.demo import words
from retention.demo.care import RELEASES, SERVICES
from retention.demo.company import Company
from retention.demo.customers import SEGMENTS
from retention.demo.plan import Floats
from retention.demo.staff import ACCOUNT_MANAGERS
from retention.demo.tables import Cell, Table

POSITIONS = ("Purchasing", "Facilities manager", "Managing director", "Stores", "Maintenance lead", "Accounts payable")
# Of customers who left without a contract, so many said so; the others just stop ordering, and are given up later.
SAY_GOODBYE = 0.45
DAYS_UNTIL_GIVEN_UP = (120, 240)


def tables(company: Company, left: Floats) -> Iterator[Table]:
    """Return the tables but orders, signals and contacts made; `left` (n,) are the known leaving days, NaN else."""
    yield _people(company)
    yield _accounts(company, left)
    yield _contacts(company)
    yield _products()
    yield _holdings(company, left)
    yield _assignments(company)
    yield _absences(company)
    yield _releases(company)
    yield _commitments(company)
    yield _adoptions(company, left)


def known_leaving(company: Company) -> Floats:
    """Return the day on which we knew that each customer is gone, NaN for those we still count. Shape (n,)."""
    random, n = company.plan.stream("goodbyes"), len(company.customers)
    says = company.customers.has_contract | (random.random(n) < SAY_GOODBYE)
    known = company.course.left + np.where(says, 0, random.integers(*DAYS_UNTIL_GIVEN_UP, n))
    return np.where(known < company.plan.days, known, np.nan)


def yearly_value(company: Company) -> Floats:
    """Return what each customer is worth in a year: orders at its usual pace, and services. Shape (n,)."""
    customers, prices = company.customers, np.array([price for _, _, price in SERVICES])
    orders = customers.rate * 12 * customers.order_value * 1.05
    return np.asarray(orders + 12 * service_prices(company) @ prices, dtype=np.float64)


def service_prices(company: Company) -> Floats:
    """Return how many units of each service a customer pays for, 0 for what it does not hold today."""
    care, day = company.care, company.plan.days
    held = (care.held_from <= day) & ~(care.held_until <= day)
    return np.asarray(held * _size(company)[:, None], dtype=np.float64)


def _size(company: Company) -> Floats:
    """Return how large a customer's services are, by the value of its orders."""
    return np.asarray(np.round(np.clip(company.customers.order_value / 900.0, 1.0, 12.0)), dtype=np.float64)


def _people(company: Company) -> Table:
    rows = [(p.email, p.name, p.role, p.department) for p in company.staff.people]
    return Table("people", ("email", "name", "role", "department"), rows)


def _accounts(company: Company, left: Floats) -> Table:
    columns = "external_id recorded_at name segment city country customer_since annual_revenue renews_on left_on"
    values = yearly_value(company)
    rows = [_account(company, account, float(values[account]), float(left[account])) for account in range(len(values))]
    return Table("accounts", (*columns.split(), "contact_cadence_days"), rows)


def _account(company: Company, account: int, value: float, left: float) -> tuple[Cell, ...]:
    plan, customers = company.plan, company.customers
    since = plan.date(float(customers.joined[account] - customers.since[account] - 3))
    return (
        customers.number(account),
        plan.at(since, 480),
        customers.names[account],
        SEGMENTS[customers.segment[account]],
        customers.cities[account],
        customers.countries[account],
        since,
        f"{value:.2f}",
        _renewal(company, account, plan.days if np.isnan(left) else left),
        None if np.isnan(left) else plan.date(left),
        int(customers.cadence[account]),
    )


def _renewal(company: Company, account: int, day: float) -> datetime.date | None:
    days = company.customers.days_to_renewal(day)[account]
    return None if np.isinf(days) else company.plan.date(day + days)


def _contacts(company: Company) -> Table:
    random = company.plan.stream("contacts")
    names = tuple(words.people(2_000, random))
    rows = []
    for account in range(len(company.customers)):
        number = company.customers.number(account)
        for place in range(int(random.integers(1, 4))):
            name = words.pick(random, names)
            address = f"{name.lower().replace(' ', '.')}@{number.lower()}.example"
            phone = f"+44 1632 96{int(random.integers(10_000)):04d}"
            rows.append((f"{number}-{place + 1}", number, name, words.pick(random, POSITIONS), address, phone))
    return Table("contacts", ("external_id", "account", "name", "position", "email", "phone"), rows)


def _products() -> Table:
    rows = [(f"S{place + 1}", name, text) for place, (name, text, _) in enumerate(SERVICES)]
    return Table("products", ("external_id", "name", "description"), rows)


def _holdings(company: Company, left: Floats) -> Table:
    care, plan, size = company.care, company.plan, _size(company)
    rows: list[tuple[Cell, ...]] = []
    for account, service in np.argwhere(~np.isnan(care.held_from)).tolist():
        begin, until = care.held_from[account, service], np.fmin(care.held_until[account, service], left[account])
        if until < begin:
            continue
        day = plan.date(begin)
        end = None if np.isnan(until) else plan.date(until)
        number, price = company.customers.number(account), SERVICES[service][2] * size[account]
        rows.append(
            (f"{number}-S{service + 1}", plan.at(day, 600), number, f"S{service + 1}", day, end, f"{price:.2f}")
        )
    columns = ("external_id", "recorded_at", "account", "product", "held_from", "held_until", "monthly_value")
    return Table("holdings", columns, rows)


def _assignments(company: Company) -> Table:
    customers, staff, plan = company.customers, company.staff, company.plan
    rows: list[tuple[Cell, ...]] = []
    for account in range(len(customers)):
        number = customers.number(account)
        since = plan.date(float(customers.joined[account] - customers.since[account] - 3))
        manager = staff.people[customers.manager[account]].email
        desk = staff.people[ACCOUNT_MANAGERS + customers.desk[account]].email
        rows.append((f"{number}-m", number, manager, "account_manager", since))
        rows.append((f"{number}-d", number, desk, "service_desk", since))
    return Table("assignments", ("external_id", "account", "person", "capacity", "starts_on"), rows)


def _absences(company: Company) -> Table:
    table, people, plan = company.staff.absences, company.staff.people, company.plan
    rows: list[tuple[Cell, ...]] = []
    for place, (who, cover, first, last) in enumerate(
        zip(table.person.tolist(), table.cover.tolist(), table.first.tolist(), table.last.tolist(), strict=True)
    ):
        covered_by = people[cover].email if cover >= 0 else None
        rows.append((f"A{place + 1}", people[who].email, covered_by, plan.date(first), plan.date(last)))
    return Table("absences", ("external_id", "person", "covered_by", "starts_on", "ends_on"), rows)


def _releases(company: Company) -> Table:
    care, plan = company.care, company.plan
    rows: list[tuple[Cell, ...]] = []
    for place, (name, _, _) in enumerate(RELEASES):
        delivered = care.release_delivered[place]
        day = None if np.isnan(delivered) else plan.date(delivered)
        rows.append((f"R{place + 1}", name, plan.date(care.release_promised[place]), day))
    return Table("releases", ("external_id", "name", "promised_for", "delivered_on"), rows)


def _commitments(company: Company) -> Table:
    care, plan = company.care, company.plan
    rows: list[tuple[Cell, ...]] = []
    for account, release in np.argwhere(care.promised).tolist():
        promised = plan.date(care.release_promised[release])
        told = plan.at(promised - datetime.timedelta(days=150), 600)
        number = company.customers.number(account)
        rows.append((f"{number}-R{release + 1}", told, number, f"R{release + 1}", promised))
    return Table("commitments", ("external_id", "recorded_at", "account", "release", "promised_for"), rows)


def _adoptions(company: Company, left: Floats) -> Table:
    care, plan = company.care, company.plan
    rows: list[tuple[Cell, ...]] = []
    for account, release in np.argwhere(~np.isnan(care.adopted)).tolist():
        adopted = care.adopted[account, release]
        if adopted < np.nan_to_num(left[account], nan=np.inf):
            number, day = company.customers.number(account), plan.date(adopted)
            rows.append((f"{number}-R{release + 1}", plan.at(day, 700), number, f"R{release + 1}", day))
    return Table("adoptions", ("external_id", "recorded_at", "account", "release", "adopted_on"), rows)
