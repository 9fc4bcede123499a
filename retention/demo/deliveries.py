"""Orders with their lines and days: when each was promised, when it arrived."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from retention.demo.company import Company
from retention.demo.course import LATE
from retention.demo.plan import Floats
from retention.demo.tables import Cell, Table
from retention.demo.troubles import LEAD_DAYS, TROUBLES

# Name of an article and its price in pounds; the code is made from its place.
ARTICLES: tuple[tuple[str, float], ...] = (
    *((f"Circulation pump {size}", 84.0 + 4.1 * size) for size in (15, 25, 32, 40, 50)),
    *((f"Mixing valve DN{size}", 31.0 + 1.9 * size) for size in (15, 20, 25, 32)),
    *((f"Expansion vessel {litres} l", 22.0 + 0.9 * litres) for litres in (8, 18, 35, 80)),
    *((f"Zone controller, {zones} zones", 96.0 + 22.0 * zones) for zones in (2, 4, 8)),
    *((f"Immersion sensor {length} mm", 11.5 + 0.05 * length) for length in (50, 100, 200)),
    *((f"Seal kit {kind}", price) for kind, price in (("A", 7.4), ("B", 9.8), ("C", 14.2))),
    *((f"Strainer DN{size}", 12.0 + 0.6 * size) for size in (15, 25, 40)),
    ("Room thermostat", 38.5),
    ("Pressure gauge", 9.9),
    ("Flow meter", 148.0),
    ("Air separator", 57.0),
    ("Check valve", 16.4),
)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """When each order was promised and arrived, as day numbers; arrays of one length, `arrived` may lie ahead."""

    promised: Floats
    arrived: Floats


def deliver(company: Company) -> Deliveries:
    """Return when orders were promised and arrived; what shipping troubles say of an order holds."""
    random, orders, events = company.plan.stream("deliveries"), company.course.orders, company.course.events
    placed = np.floor(orders.day)
    arrived = placed + LEAD_DAYS + random.choice([-1, 0, 0, 0, 0, 1, 2], len(placed))
    promised = placed + LEAD_DAYS
    shown = [position for position, trouble in enumerate(TROUBLES) if trouble.kind == "shipment"]
    struck = np.flatnonzero((events.order >= 0) & np.isin(events.trouble, shown))[::-1]
    order, day = events.order[struck], np.floor(events.day[struck])
    arrived[order] = day
    on_time = ~np.isin(events.trouble[struck], LATE)
    promised[order[on_time]] = np.maximum(promised[order[on_time]], day[on_time] - 1)
    return Deliveries(promised, arrived)


def order_number(order: int) -> str:
    """Return the number of an order in our books."""
    return f"O{200_001 + order}"


def order_lines(company: Company, deliveries: Deliveries) -> Table:
    """Return the orders, one row a line."""
    columns = "external_id recorded_at account number ordered_at promised_on delivered_on sku description quantity"
    return Table("order_lines", (*columns.split(), "unit_price"), _rows(company, deliveries))


def _rows(company: Company, deliveries: Deliveries) -> Iterator[tuple[Cell, ...]]:
    plan, customers, orders = company.plan, company.customers, company.course.orders
    random = plan.stream("order lines")
    lines, today = 1 + random.binomial(3, 0.3, len(orders.account)), plan.days
    worth = customers.order_value[orders.account] * random.lognormal(-0.08, 0.4, len(lines)) / lines
    articles = random.integers(0, len(ARTICLES), (len(lines), 4)).tolist()
    spread = random.lognormal(-0.1, 0.45, (len(lines), 4))
    for order, (account, day, arrived) in enumerate(
        zip(orders.account.tolist(), orders.day.tolist(), deliveries.arrived.tolist(), strict=True)
    ):
        # As text at once, because the lines of an order repeat it.
        number, placed = order_number(order), plan.moment(day).isoformat()
        delivered = plan.date(arrived).isoformat() if arrived < today else None
        promised = plan.date(float(deliveries.promised[order])).isoformat()
        head = (number, placed, customers.number(account), number, placed, promised, delivered)
        for place in range(int(lines[order])):
            article = articles[order][place]
            name, price = ARTICLES[article]
            quantity = max(1, round(float(worth[order] * spread[order, place]) / price))
            yield (*head, f"LC-{1_100 + 10 * article}", name, quantity, f"{price:.2f}")
