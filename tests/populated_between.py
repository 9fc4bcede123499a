"""What departments have open between them, of an incident of one's own, one asked about and a foreign one.

Shipping holds all but the foreign ones, which are legal's and at an account of another manager. Its own concern nobody
else whom the company names; billing is asked about the others.
"""

import datetime
from collections.abc import Mapping

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.utils import timezone

from accounts.models import Account
from departments.actions import attaching, disputing, handoffs, incidents, problems, rulings, waits
from departments.models import (
    Department,
    Dispute,
    DisputeReason,
    HandOff,
    Incident,
    Person,
    Reason,
    WaitedFor,
    WaitReason,
)
from tests import make
from tests.populated import Company

OWN, ASKED, FOREIGN = "own", "asked", "foreign"
Records = dict[str, dict[str, str]]


def between(company: Company, foreign: Account) -> Records:
    """Return the public ids of records beside incidents, by what they are and whose the incident is."""
    people = {name: person for name, person in company.people.items() if person is not None}
    account, ids = Account.objects.get(public_id=company.ids["account"]), company.ids
    shipping, legal = make.department("shipping"), make.department("legal")
    head, other_head = people["head"], people["other_head"]
    made = {OWN: of(account, shipping, head, people["member"]), FOREIGN: of(foreign, legal, other_head, other_head)}
    asked = {
        "hand_off": ids["hand_off"],
        "ruling": ids["ruling"],
        "wait": ids["wait"],
        "dispute": ids["dispute"],
        "file": attached(Incident.objects.get(public_id=ids["waiting"]), people["member"]),
        "owner": key(head),
        "soon": ids["soon"],
        **two(asked_about(account, head), asked_about(account, head), head),
    }
    kinds: Mapping[str, dict[str, str]] = {**made, ASKED: asked}
    return {record: {kind: kinds[kind][record] for kind in (OWN, ASKED, FOREIGN)} for record in asked}


def of(account: Account, department: Department, head: Person, writer: Person) -> dict[str, str]:
    """Return one record of each kind, of incidents that concern one department alone."""

    def opened() -> Incident:
        return incidents.accept(incident=known(account, department), acting_person=head)

    disputed = opened()
    disputing.dispute(incident=disputed, reason=DisputeReason.WRONG_TYPE, words="Not ours.", acting_person=head)
    ruled = opened()
    disputing.dispute(incident=ruled, reason=DisputeReason.WRONG_TYPE, words="Not ours.", acting_person=head)
    wait = waits.wait(
        incident=opened(),
        waited_for=WaitedFor.CUSTOMER,
        department=None,
        name="",
        reason=WaitReason.ANSWER,
        words="Which?",
        expected_on=timezone.localdate() + datetime.timedelta(days=5),
        acting_person=head,
    )
    return {
        "hand_off": key(ask(opened(), make.department("corporate"), head)),
        "ruling": key(rulings.ask_for_ruling(incident=again(ruled), words="Whose?", acting_person=head)),
        "wait": key(wait),
        "dispute": key(Dispute.objects.get(incident=disputed)),
        "file": attached(opened(), writer),
        "owner": key(head),
        "soon": (timezone.localdate() + datetime.timedelta(days=5)).isoformat(),
        **two(opened(), opened(), head),
    }


def two(one: Incident, other: Incident, head: Person) -> dict[str, str]:
    """Return two incidents at one account, of which the first belongs to a problem."""
    problem = problems.open_problem(
        title="The gate",
        description="",
        department=one.department,
        friction_type=None,
        incidents=[again(one)],
        acting_person=head,
    )
    return {"gathered": key(one), "problem": key(problem), "single": key(other)}


def known(account: Account, department: Department) -> Incident:
    """Return an incident on record, which a detector may have found."""
    incident = make.incident(account, shares={department: 1.0})
    incident.events.create(verb="detected", details={"department_id": department.pk})
    return again(incident)


def asked_about(account: Account, head: Person) -> Incident:
    """Return an incident of shipping's that billing was asked to take: shipping may do with it what it likes."""
    asked = ask(known(account, make.department("shipping")), make.department("billing"), head)
    handoffs.withdraw_hand_off(hand_off=asked, acting_person=head)
    return again(asked.incident)


def ask(incident: Incident, to: Department, head: Person) -> HandOff:
    return handoffs.hand_off(
        incident=again(incident),
        to=to,
        reason=Reason.CAUSED_ELSEWHERE,
        words="Theirs.",
        expected="",
        share=1.0,
        acting_person=head,
    )


def attached(incident: Incident, writer: Person) -> str:
    file = SimpleUploadedFile("label.txt", b"To: Leeds")
    return key(attaching.attach(incident=again(incident), file=file, words="", is_internal=False, acting_person=writer))


def again(incident: Incident) -> Incident:
    return Incident.objects.select_related("department", "friction_type", "account").get(pk=incident.pk)


def key(record: models.Model) -> str:
    record.refresh_from_db()
    return str(record.public_id)  # type: ignore[attr-defined]  # all of these have one
