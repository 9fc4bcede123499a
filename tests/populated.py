"""A small company with a record of every kind, for tests that look at every page."""

import datetime
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.utils import timezone

from accounts.models import Account, OrderLine
from departments.actions.attaching import attach
from departments.actions.call_requests import ask_for_call
from departments.actions.disputing import dispute
from departments.actions.grading import regrade
from departments.actions.handoffs import accept_hand_off, hand_off, return_hand_off
from departments.actions.incidents import accept, assign, note, report_friction, resolve
from departments.actions.rulings import ask_for_ruling, state_case
from departments.actions.waits import wait
from departments.models import (
    Adoption,
    Commitment,
    DetectionRule,
    Dispute,
    DisputeReason,
    HandOff,
    Incident,
    Mention,
    Person,
    Reason,
    Release,
    Role,
    Ruling,
    Wait,
    WaitedFor,
    WaitReason,
)
from retention.care.recoveries import NewStep, start_recovery
from retention.care.snoozes import snooze_accounts
from retention.imports.loading import Options
from retention.imports.mapping import shipped_mappings
from retention.imports.runs import ask_for_import
from retention.models import ImportRun, Override
from retention.notifications.monday import stop_token, want_scorecard_mail
from retention.overrides.actions import override_risk
from retention.scoring.rescoring import drain_changes, rescore_accounts
from retention.scoring.versions import ensure_active_version
from retention.scoring.what_if import Question
from retention.scoring.what_if_runs import answer_range, ask, ranges_of
from retention.sharing.actions import make_live_link
from tests import make
from tests.populated_cure import cured

Ids = dict[str, str]


@dataclass(frozen=True)
class Company:
    """Who works there, by a short word, and the public ids of the first account's records, by kind."""

    people: Mapping[str, Person | None]
    ids: Ids


def populate(accounts: int = 1) -> Company:
    """Make a company of so many accounts, all alike, scored.

    The manager keeps the books and is away today, so that a colleague covers. Shipping answers for every incident;
    one at each account it asks billing to take. Legal has nothing to do with any of it.
    """
    people = _people()
    records = {**_accounts(people, accounts)[0], **_outside(people["executive"])}
    rule = DetectionRule.objects.filter(slug="late_shipment").first() or make.rule(
        make.friction_type("late_shipment"), slug="late_shipment"
    )
    rule.refresh_from_db()
    return Company({"anonymous": None, **people}, records | {"model": str(_candidate()), "rule": str(rule.public_id)})


def grow(company: Company, accounts: int) -> None:
    """Add so many accounts, all like those before."""
    _accounts({name: person for name, person in company.people.items() if person is not None}, accounts)


def _accounts(people: Mapping[str, Person], count: int) -> list[Ids]:
    records = [_account(people) for _ in range(count)]
    keys = _account_ids(records)
    version = ensure_active_version()
    # A score of last week, for what tells why it moved since.
    rescore_accounts(account_ids=keys, as_of=make.ago(days=8), version=version)
    drain_changes()
    overrides = {str(one.account.public_id): one for one in map(partial(_override, people["manager"]), keys)}
    return [
        record | {"override": _public_id(overrides[record["account"]]), "answer": _answer(people["head"])}
        for record in records
    ]


def _answer(head: Person) -> str:
    """A question what if that the workers have answered for a department."""
    run = ask(question=Question(departments=("shipping",)), words="What if?", acting_person=head)
    for range_id in ranges_of(run):
        answer_range(range_id)
    return _public_id(run)


def _override(manager: Person, account_id: int) -> Override:
    return override_risk(
        account=Account.objects.get(pk=account_id),
        risk=0.9,
        reason="Their buyer told me so.",
        expires_on=timezone.localdate() + datetime.timedelta(days=30),
        acting_person=manager,
    )


def _account_ids(records: list[Ids]) -> list[int]:
    wanted = [record["account"] for record in records]
    return list(Account.objects.filter(public_id__in=wanted).values_list("pk", flat=True))


def _candidate() -> uuid.UUID:
    """A model that waits for being put in force."""
    candidate = ensure_active_version()
    candidate.pk, candidate.public_id, candidate.number = None, uuid.uuid4(), candidate.number + 1
    candidate.is_active, candidate.backtest = False, None
    candidate.weights = candidate.weights | {"mean": [0.5 * mean for mean in candidate.weights["mean"]]}
    candidate.save(force_insert=True)
    return candidate.public_id


def _people() -> dict[str, Person]:
    shipping, billing, legal = (make.department(slug) for slug in ("shipping", "billing", "legal"))
    people = {
        "manager": make.person(Role.ACCOUNT_MANAGER),
        "cover": make.person(Role.ACCOUNT_MANAGER),
        "other_manager": make.person(Role.ACCOUNT_MANAGER),
        "desk": make.person(Role.SERVICE_DESK),
        "other_desk": make.person(Role.SERVICE_DESK),
        "head": make.head(shipping),
        "asked_head": make.head(billing),
        "other_head": make.head(legal),
        "member": make.member(shipping),
        "executive": make.person(Role.EXECUTIVE),
        "administrator": make.person(Role.ADMINISTRATOR),
    }
    make.absence(people["manager"], people["cover"])
    return people


def _account(people: Mapping[str, Person]) -> Ids:
    account = make.account(segment="Retail", city="Leeds", renews_on=timezone.localdate() + datetime.timedelta(days=60))
    make.assignment(account, people["manager"])
    make.assignment(account, people["desk"])
    order = make.order(account, promised_on=timezone.localdate() + datetime.timedelta(days=3))
    OrderLine.objects.create(order=order, position=1, sku="X1", quantity=2, unit_price=250)
    for days in (40, 70, 100):
        make.order(account, ordered_at=make.ago(days=days), delivered_on=make.ago(days=days - 3).date())
    _promise(account)
    records = {
        "account": account,
        "manager": people["manager"],
        "order": order,
        "contact": make.contact(account),
        "holding": make.holding(account, make.product()),
        "signal": make.signal(account),
        "touchpoint": make.touchpoint(account, people["manager"]),
        "import": _import(people["administrator"]),
        **_care(account, people),
        **_incidents(account, people),
    }
    soon = timezone.localdate() + datetime.timedelta(days=5)
    return {"soon": soon.isoformat(), **{name: _public_id(record) for name, record in records.items()}}


def _import(administrator: Person) -> ImportRun:
    return ask_for_import(
        mapping_file="accounts.toml",
        mapping_text=shipped_mappings()["accounts"].read_text(),
        files=[SimpleUploadedFile("accounts.csv", b"external_id,name\n1,Acme\n")],
        options=Options(),
        acting_person=administrator,
    )


def _outside(executive: Person) -> Ids:
    """A live link of the executive's, and the word that stops their Monday mail."""
    executive.refresh_from_db()
    want_scorecard_mail(segment="", acting_person=executive)
    link, token = make_live_link(name="Board", segment="", days=30, acting_person=executive)
    return {"live_link": str(link.public_id), "live": token, "stop": stop_token(executive)}


def _promise(account: Account) -> None:
    release = Release.objects.create(name="A faster portal", external_id=make.number(), promised_for=make.ago(days=9))
    Commitment.objects.create(
        account=account, release=release, promised_for=make.ago(days=9).date(), external_id=make.number()
    )
    Adoption.objects.create(
        account=account, release=release, adopted_on=make.ago(days=2).date(), external_id=make.number()
    )


def _care(account: Account, people: Mapping[str, Person]) -> dict[str, models.Model]:
    """A recovery with a step of a department, a call that was asked for, and the cover's own snooze."""
    soon = timezone.localdate() + datetime.timedelta(days=5)
    recovery = start_recovery(
        account=account,
        goal="They order again",
        owner=people["manager"],
        due_on=soon,
        incidents=[],
        steps=[NewStep("Find the parcel", people["member"], soon), NewStep("Visit", people["manager"], soon)],
        acting_person=people["manager"],
    )
    (snooze,) = snooze_accounts(
        accounts=[account], until=soon, wakes_at_rise=0.1, reason="On holiday", acting_person=people["cover"]
    )
    call = ask_for_call(account=account, words="Ask how it went.", due_on=soon, acting_person=people["manager"])
    return {
        "recovery": recovery,
        "step": recovery.steps.get(words="Find the parcel"),
        "snooze": snooze,
        "call_request": call,
    }


def _incidents(account: Account, people: Mapping[str, Person]) -> dict[str, models.Model]:
    """One incident in each state that its department can be found with."""
    head, member = people["head"], people["member"]

    def reported() -> Incident:
        return report_friction(
            account=account,
            friction_type=make.friction_type("late_shipment"),
            severity=0.5,
            title="Late again",
            description="Promised for Monday.",
            happened_at=make.ago(days=3),
            order=None,
            acting_person=people["manager"],
        )

    in_work = accept(incident=reported(), acting_person=head)
    assign(incident=in_work, assignee=member, acting_person=head)
    note(incident=in_work, text="The carrier lost it.", is_internal=True, acting_person=head)
    note(incident=in_work, text="On its way.", is_internal=False, acting_person=member)
    note(incident=in_work, text=f"@{member.name}, is it there?", is_internal=False, acting_person=head)
    resolved = resolve(incident=reported(), resolution="Sent again.", cause=None, acting_person=head)
    hand_off = _ask_billing(reported(), head)
    disputed, ruling = _disputes(reported, people)
    awaited = _wait_for_billing(accept(incident=reported(), acting_person=head), member)
    return {
        "wait": awaited,
        "file": attach(
            incident=in_work,
            file=SimpleUploadedFile("label.txt", b"To: Leeds"),
            words="The label.",
            is_internal=False,
            acting_person=member,
        ),
        "on_hold": awaited.incident,
        **cured(accept(incident=reported(), acting_person=head), accept(incident=reported(), acting_person=head), head),
        "disputed": disputed,
        "dispute": _not_ours(reported(), people),
        "mention": Mention.objects.get(note__incident=in_work),
        "ruling": ruling,
        "new": reported(),
        "in_work": in_work,
        "resolved": resolved,
        "waiting": hand_off.incident,
        "hand_off": hand_off,
    }


def _disputes(reported: Callable[[], Incident], people: Mapping[str, Person]) -> tuple[Incident, Ruling]:
    """One incident that billing handed back and whose grade was lowered, and a dispute before an executive."""

    def handed_back() -> Incident:
        asked = _ask_billing(reported(), people["head"])
        returned = return_hand_off(hand_off=asked, words="The address was right.", acting_person=people["asked_head"])
        return Incident.objects.get(pk=returned.incident_id)

    disputed = handed_back()
    kind = make.friction_type("late_shipment")
    regrade(incident=disputed, friction_type=kind, severity=0.3, words="One day.", acting_person=people["head"])
    question = ask_for_ruling(incident=handed_back(), words="Whose is it?", acting_person=people["asked_head"])
    state_case(ruling=question, words="The label was wrong.", acting_person=people["asked_head"])
    return disputed, question


def _not_ours(incident: Incident, people: Mapping[str, Person]) -> Dispute:
    """Billing took a part of it and says now that its part is not its own."""
    asked = hand_off(
        incident=incident,
        to=make.department("billing"),
        reason=Reason.SHARED_CAUSE,
        words="The invoice bore another address.",
        expected="",
        share=0.4,
        acting_person=people["head"],
    )
    shared = accept_hand_off(hand_off=asked, words="", acting_person=people["asked_head"]).incident
    dispute(
        incident=Incident.objects.get(pk=shared.pk),
        reason=DisputeReason.CAUSED_ELSEWHERE,
        words="The invoice was right.",
        acting_person=people["asked_head"],
    )
    return Dispute.objects.get(incident=shared)


def _ask_billing(incident: Incident, head: Person) -> HandOff:
    return hand_off(
        incident=incident,
        to=make.department("billing"),
        reason=Reason.CAUSED_ELSEWHERE,
        words="The invoice bore the wrong address.",
        expected="Correct it.",
        share=1.0,
        acting_person=head,
    )


def _wait_for_billing(incident: Incident, member: Person) -> Wait:
    return wait(
        incident=incident,
        waited_for=WaitedFor.DEPARTMENT,
        department=make.department("billing"),
        name="",
        reason=WaitReason.ANSWER,
        words="Was it paid?",
        expected_on=timezone.localdate() + datetime.timedelta(days=5),
        acting_person=member,
    )


def _public_id(record: models.Model) -> str:
    record.refresh_from_db()
    return str(record.public_id)  # type: ignore[attr-defined]  # all of these have one
