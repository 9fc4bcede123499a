"""Under-reporting: what customers' credits, claims and answers say went wrong, and nobody reported."""

import datetime
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Signal
from departments.http import PersonRequest
from departments.models import Department, DetectionRule, Incident
from retention.dashboards.triage_access import departments_open_to, require_desk

WINDOW_DAYS = 90
# A report so near in time is taken to be about the same thing.
NEAR_DAYS = 14
# What customers do when something went wrong, whoever caused it.
COMPLAINTS = ("credit_note", "claim", "survey")
# Of ten points, so many and fewer are a complaint.
LOWEST_CONTENT = 6
PAGE = 50


class Said(models.TextChoices):
    """What a customer said by what they did."""

    CREDIT = "credit", "Credits"
    RETURNED = "returned", "Goods sent back and credited"
    CLAIM = "claim", "Warranty claims"
    SURVEY = "survey", "Low survey answers"


# Of an order whose goods were credited in part or in whole, the goods came back; other credits are of money alone.
SAID = Case(
    When(kind="credit_note", data__credited_share__gt=0, then=Value(Said.RETURNED)),
    When(kind="credit_note", then=Value(Said.CREDIT)),
    When(kind="claim", then=Value(Said.CLAIM)),
    default=Value(Said.SURVEY),
    output_field=models.CharField(),
)


@dataclass(frozen=True, slots=True)
class Share:
    """Of so many complaints, so many that no incident accounts for."""

    said: str
    label: str
    unreported: int
    complaints: int

    @property
    def address(self) -> str:
        """Return where only these are named."""
        return f"?said={self.said}"


def complaints_about(department: Department, since: datetime.datetime) -> QuerySet[Signal]:
    """Return the customers' complaints of which the department would answer for the friction."""
    rules = DetectionRule.objects.filter(friction_type__department=department, signal_kind__in=COMPLAINTS)
    kinds = set(rules.values_list("signal_kind", flat=True)) - {"survey"}
    answers = Q(kind="survey", data__about=department.slug, data__score__lte=LOWEST_CONTENT)
    signals = Signal.objects.filter(happened_at__gte=since, kind__in=COMPLAINTS)
    return signals.filter(Q(kind__in=kinds) | answers)


def reported(department: Department) -> Q:
    """Return the condition that an incident came of a complaint, or that the department has one near in time."""
    span = datetime.timedelta(days=NEAR_DAYS)
    near = Incident.objects.filter(
        account=OuterRef("account"),
        happened_at__gte=OuterRef("happened_at") - span,
        happened_at__lte=OuterRef("happened_at") + span,
        responsibilities__department=department,
    )
    return Q(Exists(Incident.objects.filter(signal=OuterRef("pk")))) | Q(Exists(near))


def unreported(complaints: QuerySet[Signal], department: Department) -> QuerySet[Signal]:
    """Return the complaints without an incident: none that came of them, none of the department's near in time."""
    return complaints.exclude(reported(department))


def shares(complaints: QuerySet[Signal], department: Department) -> list[Share]:
    """Return how many complaints of each kind nobody reported, those that there are; one statement."""
    missing = Count("pk", filter=~reported(department))
    counted = complaints.order_by().annotate(said=SAID).values("said").annotate(missing=missing, whole=Count("pk"))
    found = {row["said"]: (row["missing"], row["whole"]) for row in counted}
    return [Share(said.value, said.label, *found[said.value]) for said in Said if said.value in found]


@require_safe
def show_unreported(request: PersonRequest, slug: str) -> HttpResponse:
    """Name the complaints that nobody reported, at the dearest accounts first."""
    require_desk(request)
    department = get_object_or_404(departments_open_to(request.user), slug=slug)
    complaints = complaints_about(department, timezone.now() - datetime.timedelta(days=WINDOW_DAYS))
    # Only at accounts whose name the reader may see: a complaint must not reveal a customer.
    accounts = request.user.visible_account_ids()
    chosen = next((said.value for said in Said if said.value == request.GET.get("said")), "")
    found = unreported(complaints, department)
    if chosen:
        found = found.annotate(said=SAID).filter(said=chosen)
    named = found if accounts is None else found.filter(account__in=accounts)
    ordered = named.select_related("account").order_by(F("account__annual_revenue").desc(), "-happened_at", "-pk")
    page = Paginator(ordered, PAGE).get_page(request.GET.get("page"))
    parts = shares(complaints, department)
    whole = Share("", "All", sum(one.unreported for one in parts), sum(one.complaints for one in parts))
    context = {
        "department": department,
        "page": page,
        "share": whole,
        "parts": parts,
        "chosen": chosen,
        "hidden": sum(one.unreported for one in parts if chosen in (one.said, "")) - page.paginator.count,
    }
    return render(request, "dashboards/triage_unreported.html", context)
