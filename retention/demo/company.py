"""The whole demo company of a plan, simulated."""

from dataclasses import dataclass

from retention.demo.care import Care, arrange
from retention.demo.course import Course, run
from retention.demo.customers import Customers, recruit
from retention.demo.plan import Plan
from retention.demo.staff import Staff, employ


@dataclass(frozen=True, slots=True)
class Company:
    """Everything that is so in one simulated company."""

    plan: Plan
    staff: Staff
    customers: Customers
    care: Care
    course: Course


def simulate(plan: Plan) -> Company:
    """Return the company of a plan: the same for the same plan, whatever the clock says."""
    staff = employ(plan)
    customers = recruit(plan)
    care = arrange(plan, customers, staff.absences)
    return Company(plan, staff, customers, care, run(plan, customers, care, staff.absences))
