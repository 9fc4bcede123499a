"""My absences: when a person is away, and for whom they cover."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from departments.actions.people import record_absence
from departments.actions.undoable import of_absence
from departments.care.views import done, status_of
from departments.forms import AbsenceForm
from departments.http import PersonRequest
from departments.models import Absence
from departments.views.deeds import undo_tag

ABSENCES_SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
def show_absences(request: PersonRequest) -> HttpResponse:
    """Show when the person is away and for whom they cover, and take another absence of theirs."""
    person = request.user
    form = AbsenceForm(request.POST if request.method == "POST" else None, person=person)
    undoing = of_absence(person)
    deed = undoing(lambda: record_absence(person=person, acting_person=person, **form.cleaned_data))
    if form.is_valid() and done(form, deed):
        words = f"Recorded. {form.cleaned_data['covered_by'] or 'Nobody'} covers for you."
        messages.success(request, words, extra_tags=undo_tag(undoing.batch))
        return redirect("absences")
    absences = Absence.objects.select_related("person", "covered_by")
    context = {
        "form": form,
        "mine": absences.filter(person=person)[:ABSENCES_SHOWN],
        "covered": absences.filter(covered_by=person)[:ABSENCES_SHOWN],
    }
    return render(request, "departments/absences.html", context, status=status_of(form))
