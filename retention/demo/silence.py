"""What the demo company's departments leave unsaid: troubles that no system and nobody wrote down.

Some things that go wrong at shipping and billing are in no record; of them only the customer tells, by a middling mark
in a survey. Customer service does not count such marks as poor, and operations
looks at no credit whose order is not known. So nothing of it becomes an incident, until somebody holds what customers
did against what was reported.
"""

from collections.abc import Iterator

import numpy as np

from departments.actions.rules import save_rule
from departments.models import DetectionRule, Person, Role
from retention.demo.company import Company
from retention.demo.plan import Integers
from retention.demo.troubles import TROUBLES, Data

# How many of a department's troubles are in no record.
UNSAID = {"shipping": 0.05, "billing": 0.06}
# A mark that customer service no longer calls poor.
MARK = 6
MARKED_DAYS_LATER = 9.0
NARROWED = {"dissatisfied": f"score < {MARK}"}
SWITCHED_OFF = ("goods_credited_order_unknown",)


def left_unsaid(company: Company, told: Integers) -> Integers:
    """Return the positions of the troubles that are in no record, none of those that people told."""
    random, events = company.plan.stream("unsaid"), company.course.events
    chances = np.array([UNSAID.get(trouble.department, 0.0) for trouble in TROUBLES])[events.trouble]
    chances[told] = 0.0
    return np.flatnonzero(random.random(len(events)) < chances)


def marks(company: Company, unsaid: Integers) -> Iterator[tuple[int, float, Data]]:
    """Yield the account, the day and the answer of each customer who was met by one and is still here to be asked."""
    plan, events = company.plan, company.course.events
    left = np.nan_to_num(company.course.left, nan=np.inf)
    for event in unsaid.tolist():
        account, day = int(events.account[event]), float(events.day[event]) + MARKED_DAYS_LATER
        if day < min(left[account], plan.days):
            about = TROUBLES[events.trouble[event]].department
            yield account, plan.office_hours(day), {"score": MARK, "about": about}


def look_away() -> int:
    """Let heads narrow a rule and switch one off, as anybody can see in the rules' record; return how many."""
    rules = DetectionRule.objects.filter(slug__in=[*NARROWED, *SWITCHED_OFF])
    changed = list(rules.select_related("friction_type"))
    for rule in changed:
        head = Person.objects.get(role=Role.DEPARTMENT_HEAD, department=rule.friction_type.department_id)
        rule.condition = NARROWED.get(rule.slug, rule.condition)
        rule.is_active = rule.is_active and rule.slug not in SWITCHED_OFF
        save_rule(rule=rule, acting_person=head)
    return len(changed)
