"""Two years of the demo company, month by month: orders, troubles, and who decides to go."""

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from retention.demo.care import Care
from retention.demo.customers import SEGMENTS, Customers
from retention.demo.formula import (
    DEPARTMENTS,
    LEVELS,
    ORDER_HALF_LIFE_DAYS,
    Reasons,
    Situation,
    decay,
    reasons,
)
from retention.demo.plan import DAYS_IN_A_MONTH, Floats, Integers, Plan
from retention.demo.staff import Absences, uncovered
from retention.demo.troubles import (
    BY_DEPARTMENT,
    DAYS_TO_RESOLVE,
    FIXED_SEVERITIES,
    HALF_LIVES,
    LATE_SHIPMENT,
    LEAD_DAYS,
    TROUBLES,
    WEIGHTS,
    days_late,
)
from retention.demo.usual import (
    EPISODES,
    LEAST_SEVERITY,
    LONGER_WHEN_MISTAKEN,
    LOOKS_LIKE,
    MISTAKEN,
    ORDERS_LOST_TO_ABSENCE,
    SLOWING,
    USUAL,
)

# Which department each kind of trouble looks like.
SEEN_AT = np.array([DEPARTMENTS.index(trouble.department) for trouble in TROUBLES])
LATE = [position for position, trouble in enumerate(TROUBLES) if trouble.slug == LATE_SHIPMENT]


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders in order of time; arrays of one length."""

    account: Integers
    day: Floats


@dataclass(frozen=True, slots=True)
class Events:
    """Troubles that customers met, arrays of one length. `order` is −1 where there is none; `resolved` is the day on
    which the trouble was put right, which may lie ahead; `trouble` counts in `TROUBLES`, `department`, which caused
    it, in `DEPARTMENTS`."""

    account: Integers
    department: Integers
    trouble: Integers
    day: Floats
    severity: Floats
    resolved: Floats
    order: Integers

    def __len__(self) -> int:
        return len(self.account)


@dataclass(frozen=True, slots=True)
class Course:
    """What happened to n customers. `decided` and `left` (n,) are days, NaN for those who stay; `left` may lie ahead.

    `why` holds the reasons at the moment of the decision (NaN for those who stay), `now` those of today.
    """

    orders: Orders
    events: Events
    decided: Floats
    left: Floats
    why: Reasons
    now: Reasons


class _History:
    """The growing record of a run."""

    def __init__(self, plan: Plan, customers: Customers, care: Care, absences: Absences) -> None:
        self.plan, self.customers, self.care, self.absences = plan, customers, care, absences
        self.random = plan.stream("course")
        n = len(customers)
        self.decided, self.left = np.full(n, np.nan), np.full(n, np.nan)
        self.orders: list[Orders] = []
        self.events: list[Events] = []
        self.placed = 0
        self.why = Reasons(*(np.full(shape, np.nan) for shape in ((n,), (n, len(DEPARTMENTS)), (n, 4))))

    def months(self) -> None:
        edges = self.plan.edges
        for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            orders = self._order(first, last)
            self._trouble(orders, first, last)
            self._decide(last)

    def _order(self, first: int, last: int) -> Orders:
        """Let everybody who is a customer order, those who have decided to go less and less."""
        # Every second event of a process twice as fast: steadier than chance, as shops that restock are.
        twice = self.random.poisson(2.0 * self._orders_expected(first, last))
        counts = (twice + self.random.integers(0, 2, len(twice))) // 2
        account = np.repeat(np.arange(len(counts)), counts)
        begin = np.maximum(self.customers.joined, first)[account]
        day = begin + self.random.random(len(account)) * (np.minimum(self._until(), last)[account] - begin)
        day = self.plan.workday(np.floor(day) + self.random.uniform(0.3, 0.72, len(day)))
        kept = ~uncovered(self.absences, self.customers.manager[account], day)
        kept |= self.random.random(len(day)) >= ORDERS_LOST_TO_ABSENCE
        called, call_day = self._orders_on_calls(first, last)
        return self._in_order_of_time(np.append(account[kept], called), np.append(day[kept], call_day))

    def _orders_expected(self, first: int, last: int) -> Floats:
        """Return the orders that each customer would place in a month, were nobody away. Shape (n,)."""
        span = np.minimum(self._until(), last) - np.maximum(self.customers.joined, first)
        months = np.maximum(span, 0.0) / DAYS_IN_A_MONTH
        going = np.where(self.decided < last, np.maximum((last - self.decided) / 30.0, 1.0), 0.0)
        mood = self.random.lognormal(-0.02, 0.2, len(self.customers))
        return np.asarray(self.customers.rate * months * SLOWING**going * mood * self._season(last), dtype=np.float64)

    def _orders_on_calls(self, first: int, last: int) -> tuple[Integers, Floats]:
        contacts = self.care.contacts
        brought = contacts.takes_order & (contacts.day >= first) & (contacts.day < last)
        brought &= np.isnan(self.decided)[contacts.account]
        return contacts.account[brought], contacts.day[brought]

    def _in_order_of_time(self, account: Integers, day: Floats) -> Orders:
        order = np.argsort(day, kind="stable")
        orders = Orders(account[order], day[order])
        self.orders.append(orders)
        return orders

    def _until(self) -> Floats:
        return np.where(np.isnan(self.left), np.inf, self.left)

    def _season(self, day: int) -> float:
        date = self.plan.date(day - 15)
        return float(1.0 + 0.12 * np.cos((date.timetuple().tm_yday - 320) / 365 * 2 * np.pi))

    def _trouble(self, orders: Orders, first: int, last: int) -> None:
        """Let things go wrong: some at an order, some apart from any."""
        for position, department in enumerate(DEPARTMENTS):
            an_order, a_month, _ = USUAL[department]
            factor = self._quality(department, last) * self.customers.proneness[:, position]
            chance = np.minimum(an_order * factor[orders.account], 0.7)
            hit = np.flatnonzero(self.random.random(len(chance)) < chance)
            self._record(position, orders.account[hit], orders.day[hit], self.placed + hit)
            self._record(position, *self._apart(a_month * factor, first, last))
        self.placed += len(orders.account)

    def _apart(self, a_month: Floats, first: int, last: int) -> tuple[Integers, Floats, Integers]:
        """Return account, day and order (none) of troubles that come apart from orders."""
        begin, end = np.maximum(self.customers.joined, first), np.minimum(self._until(), last)
        account = np.repeat(np.arange(len(begin)), self.random.poisson(a_month * (end > begin)))
        day = begin[account] + self.random.random(len(account)) * (end - begin)[account]
        day = self.plan.workday(np.floor(day) + self.random.uniform(0.35, 0.7, len(account)))
        return account, day, np.full(len(account), -1)

    def _quality(self, department: str, last: int) -> float:
        ago = (self.plan.days - last) / DAYS_IN_A_MONTH + 0.5
        hits = [factor for slug, begin, end, factor in EPISODES if slug == department and end <= ago <= begin]
        return float(np.prod(hits)) if hits else 1.0

    def _record(self, department: int, account: Integers, day: Floats, order: Integers) -> None:
        """Write troubles down; those of an order show some days after it."""
        n = len(account)
        trouble = self._kinds(DEPARTMENTS[department], n)
        drawn = np.clip(self.random.beta(2.2, 2.4, n), LEAST_SEVERITY, 1.0)
        fixed = FIXED_SEVERITIES[trouble]
        severity = np.where(np.isnan(fixed), drawn, fixed)
        later = np.where(np.isin(trouble, LATE), LEAD_DAYS + days_late(severity), self.random.integers(1, 13, n))
        day = day + np.where(order >= 0, later, 0)
        effort = self.random.lognormal(-0.1, 0.55, n) * USUAL[DEPARTMENTS[department]][2] * DAYS_TO_RESOLVE[trouble]
        effort = np.where(SEEN_AT[trouble] == department, effort, effort * LONGER_WHEN_MISTAKEN)
        known = day < np.minimum(self._until()[account], self.plan.days)
        self.events.append(
            Events(
                account=account[known],
                department=np.full(n, department)[known],
                trouble=trouble[known],
                day=day[known],
                severity=severity[known],
                resolved=(day + effort)[known],
                order=order[known],
            )
        )

    def _kinds(self, department: str, n: int) -> Integers:
        """Return kinds of trouble of a department; some of them look like another department's fault."""
        own, looks_like = self._drawn(department, n), LOOKS_LIKE.get(department)
        if looks_like is None:
            return own
        return np.where(self.random.random(n) < MISTAKEN, self._drawn(looks_like, n), own)

    def _drawn(self, department: str, n: int) -> Integers:
        kinds = BY_DEPARTMENT[department]
        chances = np.array([TROUBLES[kind].chance for kind in kinds])
        return self.random.choice(kinds, n, p=chances / chances.sum())

    def _decide(self, day: int) -> None:
        """Let everybody make up their mind, as the formula has it."""
        why = reasons(self.situation(day))
        chance = 1.0 / (1.0 + np.exp(-why.log_odds))
        free = (self.customers.joined < day) & np.isnan(self.decided)
        going = free & (self.random.random(len(chance)) < chance)
        self.decided[going] = day
        self.left[going] = day + self.random.integers(25, 111, int(going.sum()))
        self.why.baseline[going] = why.baseline[going]
        self.why.departments[going] = why.departments[going]
        self.why.care[going] = why.care[going]

    def situation(self, day: int) -> Situation:
        """Return what every customer has seen until a day."""
        customers, n = self.customers, len(self.customers)
        orders, events = joined(Orders, self.orders), joined(Events, self.events)
        known = events.day < day
        place = events.account[known] * len(DEPARTMENTS) + events.department[known]
        trouble = events.trouble[known]
        load = WEIGHTS[trouble] * events.severity[known] * decay(day - events.resolved[known], HALF_LIVES[trouble])
        friction = _sums(place, load, n * len(DEPARTMENTS)).reshape(n, len(DEPARTMENTS))
        return Situation(
            level=np.array([LEVELS[name] for name in SEGMENTS])[customers.segment],
            years=np.maximum(day - customers.joined + customers.since, 0) / 365.25,
            orders_a_month=customers.rate,
            days_to_renewal=customers.days_to_renewal(day),
            friction=friction,
            exposure=_sums(orders.account, decay(day - orders.day, ORDER_HALF_LIFE_DAYS), n),
            overdue=self.care.overdue(day, customers),
            innovation_years=self.care.innovation_years(day, customers.joined - customers.since),
            broken_promises=self.care.broken_promises(day),
            services=self.care.services_on(day),
        )


Table = TypeVar("Table", Orders, Events)


def joined(kind: type[Table], parts: list[Table]) -> Table:
    """Return several tables as one."""
    names = [field.name for field in fields(kind)]
    return kind(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _sums(place: Integers, load: Floats, size: int) -> Floats:
    return np.bincount(place, load, size).astype(np.float64)


def run(plan: Plan, customers: Customers, care: Care, absences: Absences) -> Course:
    """Return what happened to a plan's customers."""
    history = _History(plan, customers, care, absences)
    history.months()
    return Course(
        orders=joined(Orders, history.orders),
        events=joined(Events, history.events),
        decided=history.decided,
        left=history.left,
        why=history.why,
        now=reasons(history.situation(plan.days)),
    )
