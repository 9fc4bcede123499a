"""Cures for the populated company: one incident with every step, and a problem that gathers another."""

import datetime
from decimal import Decimal

from django.db import models
from django.utils import timezone

from departments.actions import checks, cure, problems
from departments.models import Containment, CorrectiveAction, EffectivenessCheck, Incident, Person, Subject
from tests import make


def cured(incident: Incident, gathered: Incident, head: Person) -> dict[str, models.Model]:
    """Record every step of a cure at the incident, whose check waits for a decision, and a problem of the other."""
    contained = contain(incident, head)
    plan(incident, head)
    done = plan(incident, head)
    cure.finish_action(action=done, words="Scanners are there.", acting_person=head)
    CorrectiveAction.objects.filter(pk=done.pk).update(done_at=make.ago(days=61))
    checks.open_due_checks(timezone.now())
    incident.refresh_from_db()
    cost = cure.record_cost(
        incident=incident, kind="rework", amount=Decimal(40), hours=None, words="", acting_person=head
    )
    incident.refresh_from_db()
    told = cure.record_customer_step(
        incident=incident, kind="asked", happened_at=None, score=7, words="Better.", acting_person=head
    )
    problem = problems.open_problem(
        title="The gate",
        description="Parcels are not scanned.",
        department=gathered.department,
        friction_type=None,
        incidents=[gathered],
        acting_person=head,
    )
    of_problem = contain(problem, head)
    closed = problems.open_problem(
        title="The old gate",
        description="",
        department=gathered.department,
        friction_type=None,
        incidents=[make.incident(incident.account)],
        acting_person=head,
    )
    problems.close_problem(problem=closed, words="Torn down.", acting_person=head)
    return {
        "cured": incident,
        "containment": contained,
        "planned_action": CorrectiveAction.objects.get(incident=incident, done_at=None),
        "done_action": done,
        "check": EffectivenessCheck.objects.get(action=done),
        "cost": cost,
        "customer_step": told,
        "gathered": gathered,
        "problem": problem,
        "problem_containment": of_problem,
        "closed_problem": closed,
        "head": head,
    }


def contain(subject: Subject, head: Person) -> Containment:
    """Record first aid and why it happened."""
    row = cure.contain(subject=subject, words="Sent again.", done_at=None, acting_person=head)
    cure.find_cause(subject=subject, whys=["Late.", "No scan."], cause=None, escape="Nobody looks.", acting_person=head)
    return row


def plan(incident: Incident, head: Person) -> CorrectiveAction:
    """Plan an action for in ten days."""
    return cure.plan_action(
        subject=incident,
        words="Scan each parcel at the gate.",
        kind="corrective",
        owner=head,
        due_on=timezone.localdate() + datetime.timedelta(days=10),
        check_after_days=None,
        acting_person=head,
    )
