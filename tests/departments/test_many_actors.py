"""Eight people who do whatever occurs to them, at once, to the same few incidents: the record still adds up."""

import datetime
import math
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Sum
from django.utils import timezone

from accounts.errors import ActionError
from departments.actions import (
    attaching,
    dispute_answers,
    disputing,
    grading,
    handoffs,
    incidents,
    merging,
    rulings,
    several,
    several_disputes,
    waits,
)
from departments.actions.attaching import empty_attachments
from departments.actions.outcome import Outcome
from departments.actions.undo import undo, undo_of
from departments.models import (
    Attachment,
    AttachmentContent,
    Department,
    Dispute,
    DisputeReason,
    FrictionType,
    HandOff,
    Incident,
    IncidentEvent,
    Person,
    Reason,
    Role,
    Ruling,
    State,
    Wait,
    WaitedFor,
    WaitEnd,
    WaitReason,
)
from departments.records import breaches
from tests import make
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)
INCIDENTS, STEPS = 20, 40
NOT_OURS: dict[str, Any] = {"reason": DisputeReason.CAUSED_ELSEWHERE, "words": "Not ours."}
# Deeds whose step depends on how things stand: who is asked to take it disputes it by handing it back, who is asked
# about several takes those that others ask for, and a counter-offer is an offer besides.
ONE_OF = {"returned": "declined", "disputed": "declined", "hand_off_accepted": "taken on", "accepted": "taken on"}
WITHOUT_SHARE = 1e-9


@dataclass
class Actor:
    """Somebody with a mind of their own, who counts what they were not refused."""

    person: Person
    chance: random.Random
    departments: list[Department]
    types: list[FrictionType]
    done: Counter[str] = field(default_factory=Counter)

    def act(self, incident_ids: list[int]) -> "Counter[str]":
        """Do one thing after the other; being refused is no reason to stop, anything else is an error."""
        for _ in range(STEPS):
            if self.chance.random() < 0.1:
                self.act_on_several(self.chance.sample(incident_ids, 4))
                continue
            incident = self.read(self.chance.choice(incident_ids))
            verb, deed = self.chance.choice(list(self.deeds(incident, incident_ids).items()))
            try:
                deed()
            except ActionError:
                continue
            self.done[verb] += 1
            if self.chance.random() < 0.15 and (batch := undo_of([incident], self.person)):
                self.done["undone"] += len(undo(batch=batch, acting_person=self.person).incidents)
        return self.done

    def act_on_several(self, incident_ids: list[int]) -> None:
        on_them: dict[str, Any] = {"incidents": [self.read(key) for key in incident_ids], "acting_person": self.person}
        asked: dict[str, Any] = {"reason": Reason.CAUSED_ELSEWHERE, "words": "Theirs.", "expected": "", "share": 0.5}
        deeds: dict[str, Callable[[], Outcome]] = {
            "assigned": partial(several.assign_all, assignee=self.person, **on_them),
            "resolved": partial(several.resolve_all, resolution="Done.", cause=None, **on_them),
            "handed_off": partial(several.hand_off_all, to=self.chance.choice(self.departments), **asked, **on_them),
            "accepted": partial(several.accept_all, **on_them),
            "disputed": partial(several_disputes.dispute_all, **NOT_OURS, **on_them),
        }
        verb = self.chance.choice(list(deeds))
        self.done[verb] += len(deeds[verb]().done)

    def read(self, key: int) -> Incident:
        return Incident.objects.select_related("department", "friction_type", "account").get(pk=key)

    def deeds(self, incident: Incident, incident_ids: list[int]) -> Mapping[str, Callable[[], object]]:
        """What can be tried with the incident as it was read; verbs are those of its record."""
        asked = HandOff.objects.pending().filter(incident=incident).select_related("incident").first()
        lasting = Wait.objects.open().filter(incident=incident).first()
        question = Ruling.objects.open().filter(incident=incident).first()
        dispute = Dispute.objects.open().filter(incident=incident).select_related("incident", "department").first()
        file = Attachment.objects.kept().filter(incident=incident).first()
        me: dict[str, Any] = {"acting_person": self.person}
        on_it: dict[str, Any] = {"incident": incident, **me}
        found: dict[str, Callable[[], object]] = {
            "accepted": partial(incidents.accept, **on_it),
            "assigned": partial(incidents.assign, assignee=self.chance.choice([self.person, None]), **on_it),
            "handed_off": partial(self.ask, incident),
            "disputed": partial(disputing.dispute, **NOT_OURS, **on_it),
            "resolved": partial(incidents.resolve, resolution="Done.", cause=None, **on_it),
            "reopened": partial(incidents.reopen, words="Not done.", **on_it),
            "noted": partial(incidents.note, text="Look.", is_internal=False, **on_it),
            "waited": partial(self.wait, incident),
            "regraded": partial(self.regrade, incident),
            "contested": partial(grading.contest, words="It was right.", **on_it),
            "ruling_asked": partial(rulings.ask_for_ruling, words="Whose?", **on_it),
            "attached": partial(self.attach, incident),
            "merged": partial(merging.merge, into=self.read(self.chance.choice(incident_ids)), **on_it),
        }
        if asked is not None:
            found["hand_off_accepted"] = partial(handoffs.accept_hand_off, hand_off=asked, words="", **me)
            found["returned"] = partial(handoffs.return_hand_off, hand_off=asked, words="Not ours.", **me)
            found["withdrawn"] = partial(handoffs.withdraw_hand_off, hand_off=asked, **me)
            share = self.chance.choice([0.2, 0.6])
            found["countered"] = partial(handoffs.counter_offer, hand_off=asked, share=share, words="So.", **me)
        if dispute is not None:
            found["dispute_withdrawn"] = partial(disputing.withdraw_dispute, dispute=dispute, words="", **me)
            answers = {"dispute_upheld": 0.0, "offered": 0.4, "dispute_taken": 1.0}
            for verb, share in answers.items():
                found[verb] = partial(dispute_answers.answer_dispute, dispute=dispute, share=share, words="So.", **me)
        if lasting is not None:
            found["wait_ended"] = partial(waits.end_wait, wait=lasting, end=WaitEnd.ARRIVED, words="", **me)
        if question is not None:
            found["case_stated"] = partial(rulings.state_case, ruling=question, words="Hear us.", **me)
            found["ruled"] = partial(self.rule, question)
        if file is not None:
            found["attachment_removed"] = partial(attaching.remove_attachment, attachment=file, words="Wrong.", **me)
        return found

    def ask(self, incident: Incident) -> object:
        return handoffs.hand_off(
            incident=incident,
            to=self.chance.choice(self.departments),
            reason=Reason.CAUSED_ELSEWHERE,
            words="Theirs.",
            expected="",
            share=self.chance.choice([1.0, 0.5, 1 / 3]),
            acting_person=self.person,
        )

    def wait(self, incident: Incident) -> object:
        other = self.chance.choice([None, *self.departments])
        return waits.wait(
            incident=incident,
            waited_for=WaitedFor.DEPARTMENT if other else WaitedFor.CUSTOMER,
            department=other,
            name="",
            reason=WaitReason.ANSWER,
            words="Which size?",
            expected_on=timezone.localdate() + datetime.timedelta(days=3),
            acting_person=self.person,
        )

    def regrade(self, incident: Incident) -> object:
        return grading.regrade(
            incident=incident,
            friction_type=self.chance.choice(self.types),
            severity=self.chance.choice([0.2, 0.4, 0.9]),
            words="So it is.",
            acting_person=self.person,
        )

    def attach(self, incident: Incident) -> object:
        file = SimpleUploadedFile("note.txt", b"Look.")
        return attaching.attach(incident=incident, file=file, words="", is_internal=False, acting_person=self.person)

    def rule(self, question: Ruling) -> object:
        one, other = self.chance.sample(self.departments, 2)
        return rulings.rule(
            ruling=question,
            shares={one: 0.75, other: 0.25},
            words="So be it.",
            regrading_stands=None if question.regrading_id is None else self.chance.choice([True, False]),
            acting_person=self.person,
        )


def reported(manager: Person, types: list[FrictionType]) -> list[int]:
    account = make.account()
    make.assignment(account, manager)
    return [
        incidents.report_friction(
            account=account,
            friction_type=types[number % len(types)],
            severity=0.5,
            title="Late again",
            description="",
            happened_at=make.ago(days=3),
            order=None,
            acting_person=manager,
        ).pk
        for number in range(INCIDENTS)
    ]


def share_some(incident_ids: list[int], people: list[Person]) -> "Counter[str]":
    """Let the third department answer for a part of every third incident, and count what that took."""
    heads = {person.department_id: person for person in people if person.role == Role.DEPARTMENT_HEAD}
    taker = people[4]
    assert taker.department is not None
    shared: Counter[str] = Counter()
    for incident in Incident.objects.filter(pk__in=incident_ids[::3]).select_related("department", "friction_type"):
        asked = handoffs.hand_off(
            incident=incident,
            to=taker.department,
            reason=Reason.SHARED_CAUSE,
            words="Both.",
            expected="",
            share=0.4,
            acting_person=heads[incident.department_id],
        )
        handoffs.accept_hand_off(hand_off=asked, words="", acting_person=taker)
        shared.update(["handed_off", "hand_off_accepted"])
    return shared


def cast_of(departments: list[Department], manager: Person) -> list[Person]:
    first, second, third = departments
    people = [make.head(first), make.head(first), make.member(first), make.head(second), make.head(third)]
    return [*people, make.person(Role.EXECUTIVE), make.person(Role.EXECUTIVE), manager]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_record_adds_up_whatever_many_do_at_once(seed: int) -> None:
    departments = [make.department(slug) for slug in ("shipping", "billing", "legal")]
    types = [make.friction_type("late_shipment"), make.friction_type("wrong_invoice", department=departments[1])]
    manager = make.person()
    incident_ids = reported(manager, types)
    people = cast_of(departments, manager)
    shared = share_some(incident_ids, people)
    actors = [
        Actor(person, random.Random(f"{seed} {number}"), departments, types) for number, person in enumerate(people)
    ]
    tallies = together(*(partial(actor.act, incident_ids) for actor in actors))
    assert breaches() == []
    assert_shares_add_up_and_one_holds_each(incident_ids)
    assert_every_deed_is_on_record(sum((tally for tally in tallies if isinstance(tally, Counter)), shared))
    empty_attachments(before=timezone.now())
    assert AttachmentContent.objects.count() == Attachment.objects.kept().count()


def assert_shares_add_up_and_one_holds_each(incident_ids: list[int]) -> None:
    whole = dict(Incident.objects.annotate(whole=Sum("responsibilities__share")).values_list("pk", "whole"))
    merged = set(Incident.objects.exclude(merged_into=None).values_list("pk", flat=True))
    assert set(whole) == set(incident_ids)
    for key, share in whole.items():
        assert math.isclose(share, 0 if key in merged else 1, abs_tol=WITHOUT_SHARE), key
    for incident in Incident.objects.all():
        waiting_for = HandOff.objects.pending().filter(incident=incident, is_of_part=False).count()
        waiting_for += Wait.objects.open().filter(incident=incident).count()
        assert waiting_for == (incident.state == State.WAITING)


def assert_every_deed_is_on_record(done: "Counter[str]") -> None:
    """As many steps as deeds, of each kind; a ruling is also asked for by itself, and by contesting a grade."""
    steps = Counter(IncidentEvent.objects.values_list("verb", flat=True))
    assert steps["reported"] == INCIDENTS
    assert done.total() > INCIDENTS
    done["offered"] += done["countered"]
    deeds, recorded = by_kind(done), by_kind(steps)
    for kind, count in deeds.items():
        if kind == "ruling_asked":
            assert recorded[kind] >= count
        else:
            assert (kind, recorded[kind]) == (kind, count)


def by_kind(verbs: "Counter[str]") -> "Counter[str]":
    """Count what is done with a part as what it is done with the whole."""
    kinds: Counter[str] = Counter()
    for verb, count in verbs.items():
        whole = verb.removeprefix("part_")
        kinds[ONE_OF.get(whole, whole)] += count
    return kinds
