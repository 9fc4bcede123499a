"""How the demo company cares for its customers: contacts, services, innovations and promises of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retention.demo.customers import Customers
from retention.demo.formula import PROMISE_HALF_LIFE_DAYS, decay
from retention.demo.plan import Floats, Integers, Plan
from retention.demo.staff import ACCOUNT_MANAGERS, Absences, uncovered

ORDERS_A_DESK_CALL = 0.2

SERVICES = (
    ("Care plan", "Two inspections a year and spare parts within a day.", 95.0),
    ("Remote monitoring", "Pumps and controls watched around the clock.", 140.0),
    ("Managed stock", "We keep your shelf filled.", 180.0),
    ("Training days", "Your fitters trained at our works.", 60.0),
    ("Energy report", "What each plant used, and where it is wasted.", 75.0),
)

# Name, day promised and day delivered as months before today (negative: still to come; None: not delivered).
RELEASES: tuple[tuple[str, float, float | None], ...] = (
    ("Controller firmware 4", 22.0, 22.0),
    ("Ordering portal", 19.5, 18.0),
    ("Quiet-running pump 25", 17.0, 17.2),
    ("App for fitters", 14.5, 11.0),
    ("Stock forecast", 12.0, 11.8),
    ("Controller firmware 5", 9.0, 8.8),
    ("Self-sealing valve", 7.5, 4.5),
    ("Order tracking by the hour", 5.0, 4.0),
    ("Energy report, second edition", 3.0, None),
    ("Remote diagnosis", 1.2, None),
    ("Open interface for building systems", -2.0, None),
    ("Quiet-running pump 32", -4.5, None),
)


@dataclass(frozen=True, slots=True)
class Contacts:
    """Contacts in order of time; arrays of one length. `by_desk` tells the desk's from the account manager's;
    `takes_order` is true where the customer orders on the call, if it still is one."""

    account: Integers
    day: Floats
    person: Integers
    by_desk: npt.NDArray[np.bool_]
    takes_order: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Care:
    """What customers get beside their orders. Days are NaN where it has not happened.

    `held_from`, `held_until` and `adopted` have shape (n, services or releases); `promised` (n, releases) is true
    where a release was promised to the customer, for the day that `release_promised` gives.
    """

    contacts: Contacts
    held_from: Floats
    held_until: Floats
    release_promised: Floats
    release_delivered: Floats
    adopted: Floats
    promised: npt.NDArray[np.bool_]

    def services_on(self, day: float) -> Floats:
        """Return how many services each customer holds. Shape (n,)."""
        held = (self.held_from <= day) & ~(self.held_until <= day)
        return np.asarray(held.sum(axis=1), dtype=np.float64)

    def innovation_years(self, day: float, since: Integers) -> Floats:
        """Return the years since each customer's last adoption, or since it came if that is later. Shape (n,)."""
        adopted = np.where(self.adopted <= day, self.adopted, -np.inf).max(axis=1)
        return np.asarray(np.maximum(day - np.maximum(adopted, since), 0.0) / 365.25, dtype=np.float64)

    def broken_promises(self, day: float) -> Floats:
        """Return how many promises of releases are broken to each customer, those kept late in part. Shape (n,)."""
        broken = (self.release_promised < day) & ~(self.release_delivered <= self.release_promised)
        kept_late = np.where(self.release_delivered <= day, day - self.release_delivered, 0.0)
        left = broken * decay(kept_late, PROMISE_HALF_LIFE_DAYS)
        return np.asarray(self.promised @ left, dtype=np.float64)

    def overdue(self, day: float, customers: Customers) -> Floats:
        """Return how far contact is overdue, in cadences, 0 where it is not. Shape (n,)."""
        last = customers.joined.astype(np.float64)
        until = np.searchsorted(self.contacts.day, day, side="right")
        np.maximum.at(last, self.contacts.account[:until], self.contacts.day[:until])
        return np.maximum((day - last) / customers.cadence - 1.0, 0.0)


def arrange(plan: Plan, customers: Customers, absences: Absences) -> Care:
    """Return the care that a plan's customers would get if they all stayed."""
    random = plan.stream("care")
    promised, delivered = (plan.days - _months_ago(column) for column in (1, 2))
    held_from, held_until = _holdings(plan, customers, random)
    shape = (len(customers), len(RELEASES))
    curious = random.beta(1.6, 2.2, len(customers))
    tried = random.random(shape) < curious[:, None]
    adopted = delivered + random.gamma(1.5, 40.0, shape)
    reachable = tried & (adopted < plan.days) & (adopted >= customers.joined[:, None])
    return Care(
        contacts=_contacts(plan, customers, absences, random),
        held_from=held_from,
        held_until=held_until,
        release_promised=promised,
        release_delivered=delivered,
        adopted=np.where(reachable, adopted, np.nan),
        promised=random.random(shape) < 0.09,
    )


def _months_ago(column: int) -> Floats:
    return np.array([np.nan if row[column] is None else row[column] for row in RELEASES], dtype=np.float64) * 30.4375


def _holdings(plan: Plan, customers: Customers, random: np.random.Generator) -> tuple[Floats, Floats]:
    shape = (len(customers), len(SERVICES))
    liking = random.beta(1.1, 2.6, len(customers)) + 0.12 * customers.has_contract
    starts = customers.joined[:, None] + random.integers(-900, plan.days, shape)
    starts = np.maximum(starts, customers.joined[:, None] - customers.since[:, None])
    bought = (random.random(shape) < liking[:, None]) & (starts < plan.days)
    ends = starts + random.integers(200, 900, shape)
    given_up = bought & (random.random(shape) < 0.15) & (ends < plan.days)
    return np.where(bought, starts, np.nan), np.where(given_up, ends, np.nan)


def _contacts(plan: Plan, customers: Customers, absences: Absences, random: np.random.Generator) -> Contacts:
    """Contacts come by cadence, a third of them from the desk; those of an absent manager wait for the return."""
    day = customers.joined + random.random(len(customers)) * customers.cadence
    neglected = np.where(random.random(len(customers)) < 0.12, 2.2, 1.0)
    rounds: list[tuple[Integers, Floats, Integers, npt.NDArray[np.bool_]]] = []
    while (day < plan.days).any():
        by_desk = random.random(len(customers)) < 0.35
        late = uncovered(absences, customers.manager, day) & ~by_desk
        day = day + np.where(late, random.uniform(8, 24, len(customers)), 0.0)
        person = _who(customers, absences, day, by_desk)
        now = np.flatnonzero(day < plan.days)
        rounds.append((now, np.floor(day[now]) + random.uniform(0.36, 0.7, len(now)), person[now], by_desk[now]))
        day = day + customers.cadence * neglected * random.lognormal(-0.05, 0.28, len(customers))
    account, days, people, desk = (np.concatenate(column) for column in zip(*rounds, strict=True))
    days = plan.workday(days)
    order = np.argsort(days, kind="stable")
    takes_order = desk[order] & (random.random(len(order)) < ORDERS_A_DESK_CALL)
    return Contacts(account[order], days[order], people[order], desk[order], takes_order)


def _who(customers: Customers, absences: Absences, day: Floats, by_desk: npt.NDArray[np.bool_]) -> Integers:
    """Return the position among the staff of who makes each contact: the desk, the manager, or who stands in."""
    person = customers.manager.copy()
    for who, cover, first, last in zip(absences.person, absences.cover, absences.first, absences.last, strict=True):
        if cover >= 0:
            person[(customers.manager == who) & (day >= first) & (day < last + 1)] = cover
    return np.where(by_desk, ACCOUNT_MANAGERS + customers.desk, person)
