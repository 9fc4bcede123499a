"""A department's working hours, on a page of its own."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from departments.actions.calendars import Hours, may_set_hours, set_hours
from departments.actions.undoable import of_hours
from departments.care.views import done, status_of
from departments.clocks import Calendar, calendar_of
from departments.forms import HoursForm, spelled
from departments.http import PersonRequest
from departments.models import Department, WorkingCalendar
from departments.views.deeds import undo_tag


@require_http_methods(["GET", "HEAD", "POST"])
def show_hours(request: PersonRequest, slug: str) -> HttpResponse:
    """Show everybody when the department works, and take it anew from whoever may say so."""
    person = request.user
    department = get_object_or_404(Department.objects.filter(is_active=True), slug=slug)
    if request.method == "POST" and not may_set_hours(person, department):
        raise PermissionDenied(f"Only the head of {department} or an administrator changes its hours.")
    row = WorkingCalendar.objects.prefetch_related("closing_days").filter(department=department).first()
    form = HoursForm(request.POST if request.method == "POST" else None, initial=_initial(department, row))
    undoing = of_hours(department, person)
    if form.is_valid() and done(form, undoing(lambda: _set(form, department, request))):
        words = f"{department} works by these hours from now on."
        messages.success(request, words, extra_tags=undo_tag(undoing.batch))
        return redirect("department_hours", slug)
    context = {"department": department, "form": form, "may_set": may_set_hours(person, department), "has_own": row}
    return render(request, "departments/hours.html", context, status=status_of(form))


def _set(form: HoursForm, department: Department, request: PersonRequest) -> object:
    values = form.cleaned_data
    hours = Hours(
        time_zone=values["time_zone"],
        country=values["country"],
        subdivision=values["subdivision"],
        shifts=values["shifts"],
        closing_days=values["closing_days"],
    )
    return set_hours(department=department, hours=hours, version=values["version"], acting_person=request.user)


def _initial(department: Department, row: WorkingCalendar | None) -> dict[str, object]:
    calendar: Calendar = calendar_of(department)
    closing = row.closing_days.all() if row else []
    return {
        "time_zone": calendar.zone.key,
        "country": calendar.country,
        "subdivision": calendar.subdivision,
        "closing_days": "\n".join(str(day) for day in closing),
        "version": row.version if row else 0,
        **{f"day_{weekday}": spelled(shifts) for weekday, shifts in enumerate(calendar.week)},
    }
