"""The people of the demo company, and when they were away."""

from dataclasses import dataclass

import numpy as np

from retention.demo import words
from retention.demo.formula import DEPARTMENTS
from retention.demo.plan import Floats, Integers, Plan

ACCOUNT_MANAGERS = 6
DESK = 3
EXECUTIVES = 2


@dataclass(frozen=True, slots=True)
class Colleague:
    """Someone who works here; `department` is a slug, empty for those who belong to none."""

    name: str
    email: str
    role: str
    department: str = ""


@dataclass(frozen=True, slots=True)
class Absences:
    """Times away of account managers: arrays of one length; `cover` is who stands in, −1 for nobody."""

    person: Integers
    cover: Integers
    first: Integers
    last: Integers


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody, in a fixed order: account managers first, then the desk, executives, administrator, departments."""

    people: tuple[Colleague, ...]
    absences: Absences

    def of(self, role: str, department: str = "") -> list[Colleague]:
        """Return the people in a role, of one department if one is named."""
        return [p for p in self.people if p.role == role and department in ("", p.department)]


def employ(plan: Plan) -> Staff:
    """Return the staff of a plan."""
    random = plan.stream("staff")
    posts = [*_central_posts(), *_department_posts(random)]
    names = words.people(len(posts), random)
    people = tuple(
        Colleague(name, _address(name), role, department) for name, (role, department) in zip(names, posts, strict=True)
    )
    return Staff(people, _absences(plan, random))


def _central_posts() -> list[tuple[str, str]]:
    counts = {
        "account_manager": ACCOUNT_MANAGERS,
        "service_desk": DESK,
        "executive": EXECUTIVES,
        "administrator": 1,
    }
    return [(role, "") for role, count in counts.items() for _ in range(count)]


def _department_posts(random: np.random.Generator) -> list[tuple[str, str]]:
    posts = []
    for department in DEPARTMENTS:
        members = int(random.integers(1, 3))
        posts += [("department_head", department), *[("department_member", department)] * members]
    return posts


def _address(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@{words.DOMAIN}"


def _absences(plan: Plan, random: np.random.Generator) -> Absences:
    """Every account manager is away twice or three times a year, in two cases of five without cover."""
    rows = []
    for person in range(ACCOUNT_MANAGERS):
        first = int(random.integers(20, 110))
        while first < plan.days + 40:
            length = int(random.choice([5, 7, 12, 16], p=[0.3, 0.3, 0.25, 0.15]))
            other = (person + 1 + int(random.integers(ACCOUNT_MANAGERS - 1))) % ACCOUNT_MANAGERS
            rows.append((person, other if random.random() < 0.6 else -1, first, first + length - 1))
            first += length + int(random.integers(90, 190))
    table = np.array(rows, dtype=np.int64)
    return Absences(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def uncovered(absences: Absences, person: Integers, day: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return whether each account manager was away on the day with nobody standing in. Shapes (n,)."""
    away = np.zeros(len(person), dtype=np.bool_)
    alone = absences.cover < 0
    for who, first, last in zip(absences.person[alone], absences.first[alone], absences.last[alone], strict=True):
        away |= (person == who) & (day >= first) & (day < last + 1)
    return away
