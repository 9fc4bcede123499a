"""Under-reporting: what customers' credits, claims and answers say went wrong, and nobody reported."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Signal
from departments.detection.matching import Rules, SignalRow, compile_rules, findings
from departments.http import PersonRequest
from departments.models import Department, DetectionRule, Incident, Person
from retention.dashboards.triage_access import departments_open_to, require_desk
from retention.dashboards.unreported import UNREPORTED, WINDOW_DAYS, Record, Said, at_home, signs, unreported
from retention.dashboards.unreported_names import MOST_NAMED, Named

PAGE = 50
EMPTY = Record([], 0, 0, 0, lags=False)


@dataclass(frozen=True, slots=True)
class Row:
    """A sign without an incident, and in words why there is none."""

    signal: Signal
    why: str


@require_safe
def show_all(request: PersonRequest) -> HttpResponse:
    """Hold each department's signs against its incidents, for the departments that the person sees."""
    require_desk(request)
    reading = UNREPORTED.read(timezone.now())
    departments = departments_open_to(request.user).order_by("position")
    records = [(one, reading.figures.of[one.pk]) for one in departments if one.pk in reading.figures.of]
    told = [pair for pair in records if pair[1].parts]
    context = {
        "records": sorted(told, key=lambda pair: (-pair[1].share, pair[0].position)),
        "kinds": [said.label.lower() for said in Said],
        "counted_at": reading.counted_at,
        "days": WINDOW_DAYS,
    }
    return render(request, "dashboards/triage_unreported_all.html", context)


@require_safe
def show_unreported(request: PersonRequest, slug: str) -> HttpResponse:
    """Name the signs that nobody reported, at the dearest accounts first."""
    require_desk(request)
    department = get_object_or_404(departments_open_to(request.user), slug=slug)
    moment = timezone.now()
    reading = UNREPORTED.read(moment)
    record = reading.figures.of.get(department.pk, EMPTY)
    chosen = next((said.value for said in Said if said.value == request.GET.get("said")), "")
    newest = _newest(request.user, reading.figures.named_of(department, chosen))
    kept = signs(moment - datetime.timedelta(days=WINDOW_DAYS)).filter(pk__in=newest)
    named = _dearest_first(unreported(at_home(kept, department, chosen)))
    page = Paginator(named, PAGE).get_page(request.GET.get("page"))
    whole = sum(part.unreported for part in record.parts if part.said == chosen) if chosen else record.unreported
    context = {
        "department": department,
        "page": page,
        "rows": _explained(_rows(kept, list(page)), department),
        "record": record,
        "chosen": chosen,
        "hidden": max(whole - len(newest), 0),
        "reported_since": len(newest) - len(named),
        "counted_at": reading.counted_at,
    }
    return render(request, "dashboards/triage_unreported.html", context)


def _newest(person: Person, kinds: Sequence[Named]) -> list[int]:
    """Return the newest of those kept by name that the person may see: a sign must not reveal a customer."""
    kept = [signal for named in kinds for signal in named.open_to(person)]
    found = Signal.objects.filter(pk__in=kept)
    accounts = person.visible_account_ids()
    seen = found if accounts is None else found.filter(account__in=accounts)
    return list(seen.order_by("-happened_at", "-pk").values_list("pk", flat=True)[:MOST_NAMED])


def _dearest_first(found: QuerySet[Any]) -> list[int]:
    dearest = found.order_by(F("account__annual_revenue").desc(), "-happened_at", "-pk")
    return list(dearest.values_list("pk", flat=True))


def _rows(found: QuerySet[Any], keys: Sequence[int]) -> list[Any]:
    """Return the signals of these keys, in their order."""
    known = {signal.pk: signal for signal in found.filter(pk__in=keys).select_related("account")}
    return [known[key] for key in keys if key in known]


def _explained(signals: Sequence[Any], department: Department) -> list[Row]:
    """Say of each why it has no incident: three statements for a page; signals as `signs` annotates them."""
    incidents = Incident.objects.filter(signal__in=signals).select_related("merged_into", "department")
    of_signal = {incident.signal_id: incident for incident in incidents}
    kinds = {signal.kind for signal in signals}
    rules = list(DetectionRule.objects.filter(signal_kind__in=kinds).select_related("friction_type"))
    resting = compile_rules(rule for rule in rules if not rule.is_active)
    working = [rule for rule in rules if rule.is_active]
    return [Row(one, _why(one, of_signal.get(one.pk), resting, working, department)) for one in signals]


def _why(
    signal: Any, incident: Incident | None, resting: Rules, working: Sequence[DetectionRule], department: Department
) -> str:
    if incident is not None:
        return _what_became_of(incident, department)
    off = list(findings([_as_detection_sees(signal)], resting))
    if off:
        return f"The rule “{off[0].rule.name}” would have found it, and is switched off"
    rule = next((one for one in working if one.friction_type.slug == signal.would_be), None)
    if rule is not None:
        return f"Below the line of the rule “{rule.name}”: {rule.condition}"
    if any(one.signal_kind == signal.kind for one in working):
        return "Below the line of every rule"
    return f"No rule looks at signals of the kind {signal.get_kind_display().lower()}"


def _what_became_of(incident: Incident, department: Department) -> str:
    if incident.merged_into is not None:
        return f"Its incident was merged into “{incident.merged_into}”"
    if incident.department_id != department.pk:
        return f"{incident.department} has an incident of it, {department} has none"
    return "Its incident was closed without a cause and without a word"


def _as_detection_sees(signal: Signal) -> SignalRow:
    columns = (signal.pk, signal.account_id, signal.kind, signal.order_id, signal.happened_at, signal.recorded_at)
    return SignalRow(*columns, signal.data)
