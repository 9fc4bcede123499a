"""What is being done to keep an account: its recovery, a call that was asked for, who has set it aside."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Account
from accounts.presence import present
from departments.models import CallRequest, Capability, Person
from retention import formatting
from retention.dashboards.portfolio_care import OF_ACCOUNTS
from retention.models import ModelVersion, Recovery, RecoveryStep, Score, Snooze

PAST_SHOWN = 3


@dataclass(frozen=True)
class RiskCourse:
    """The risk at the start of a recovery, and at its end or now; None where it was not scored."""

    label: str
    then: float | None
    now: float | None
    is_over: bool
    is_comparable: bool

    @property
    def words(self) -> str:
        """Tell both figures, and what they do not say."""
        if self.then is None or self.now is None:
            return "The account was not scored at both ends, so nothing can be compared."
        when = "at its end" if self.is_over else "now"
        told = f"{self.label} {formatting.percent(self.then)} at its start, {formatting.percent(self.now)} {when}"
        if not self.is_comparable:
            return f"{told}: by two versions of the model, so the figures do not compare."
        return f"{told}. A change is not proof of what the recovery did."


@dataclass(frozen=True)
class RecoveryPlan:
    """A recovery with its steps and the course of the risk."""

    recovery: Recovery
    steps: Sequence[RecoveryStep]
    course: RiskCourse

    @property
    def done(self) -> int:
        """Return how many steps are done."""
        return sum(step.is_done for step in self.steps)

    @property
    def overdue(self) -> int:
        """Return how many steps should have been done by now."""
        return sum(step.is_overdue for step in self.steps)


@dataclass(frozen=True)
class Care:
    """What is being done about an account, and what the person may do about it."""

    plan: RecoveryPlan | None
    past: Sequence[Recovery]
    call: CallRequest | None
    snoozes: Sequence[Snooze]
    own_snooze: Snooze | None
    may_lead: bool
    may_snooze: bool
    may_ask: bool

    @property
    def is_waiting_for_a_call(self) -> bool:
        """Return whether a call that was asked for is still to be made."""
        return self.call is not None and self.call.is_open


def care_of(account: Account, person: Person, score: Score | None) -> Care:
    """Read what is being done about an account whose book is open to the person."""
    there = present(OF_ACCOUNTS, [account.pk])
    recoveries = list(_recoveries(account)) if "recoveries" in there else []
    under_way = next((one for one in recoveries if one.is_open), None)
    snoozes = list(_snoozes(account)) if "snoozes" in there else []
    stays = not account.has_left
    return Care(
        plan=_plan(under_way, score) if under_way else None,
        past=[one for one in recoveries if not one.is_open][:PAST_SHOWN],
        call=_last_call(account) if "calls" in there else None,
        snoozes=snoozes,
        own_snooze=next((one for one in snoozes if one.person_id == person.pk), None),
        may_lead=person.can(Capability.LEAD_RECOVERIES) and stays,
        may_snooze=person.can(Capability.SNOOZE) and stays,
        may_ask=person.can(Capability.ASK_FOR_CALLS) and stays,
    )


def _recoveries(account: Account) -> QuerySet[Recovery]:
    people = ("owner", "closed_by", "started_by")
    return account.recoveries.select_related(*people).order_by("-started_at")[: PAST_SHOWN + 1]


def _snoozes(account: Account) -> QuerySet[Snooze]:
    return account.snoozes.in_force(timezone.localdate()).select_related("person")


def _last_call(account: Account) -> CallRequest | None:
    calls = account.call_requests.select_related("asked_by", "answered_by", "touchpoint")
    return calls.order_by("-asked_at", "-pk").first()


def _plan(recovery: Recovery, score: Score | None) -> RecoveryPlan:
    return RecoveryPlan(recovery, list(recovery.steps.select_related("owner")), _course_until_now(recovery, score))


def recovery_course(recovery: Recovery) -> RiskCourse:
    """Return the risk at the start of a recovery beside that of its end, or of now while it is under way."""
    if recovery.is_open:
        return _course_until_now(
            recovery, Score.objects.filter(account=recovery.account_id).select_related("model").first()
        )
    same_model = recovery.model_at_start_id == recovery.model_at_close_id
    label = risk_label(recovery.model_at_close)
    return RiskCourse(label, recovery.risk_at_start, recovery.risk_at_close, is_over=True, is_comparable=same_model)


def _course_until_now(recovery: Recovery, score: Score | None) -> RiskCourse:
    same_model = score is not None and score.model_id == recovery.model_at_start_id
    label, now = risk_label(score.model if score else None), score.risk if score else None
    return RiskCourse(label, recovery.risk_at_start, now, is_over=False, is_comparable=same_model)


def risk_label(model: ModelVersion | None) -> str:
    """Return what a model's figure is called: an index until it has been backtested."""
    return "Risk of leaving" if model is not None and model.is_backtested else "Risk index"
