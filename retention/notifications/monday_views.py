"""The setting of the Monday mail, and the link by which it is stopped."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.segments import segments_on_record
from departments.http import PersonRequest
from retention.dashboards.scorecard import require_scorecard, segment_asked_for
from retention.models import ScorecardMail, ScorecardMailSent
from retention.notifications.monday import person_of_stop_token, stop_scorecard_mail, want_scorecard_mail

WEEKS_SHOWN = 8


class MondayForm(forms.Form):
    """Whether the mail is wanted."""

    is_wanted = forms.TypedChoiceField(choices=[("yes", "yes"), ("no", "no")], coerce=lambda word: word == "yes")


@require_http_methods(["GET", "HEAD", "POST"])
def show_setting(request: PersonRequest) -> HttpResponse:
    """Show whether the person gets the scorecard on Mondays, and of what; switch it on or off."""
    require_scorecard(request.user)
    segments = segments_on_record()
    form = MondayForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        _switch(request, segment_asked_for(request.POST, segments), is_wanted=form.cleaned_data["is_wanted"])
        return redirect("scorecard_mail")
    wanted = ScorecardMail.objects.filter(person=request.user).first()
    context = {
        "wanted": wanted,
        "segments": segments,
        "segment": wanted.segment if wanted else segment_asked_for(request.GET, segments),
        "sent": ScorecardMailSent.objects.filter(person=request.user)[:WEEKS_SHOWN],
    }
    return render(request, "notifications/monday.html", context, status=400 if form.is_bound else 200)


def _switch(request: PersonRequest, segment: str, *, is_wanted: bool) -> None:
    if is_wanted:
        want_scorecard_mail(segment=segment, acting_person=request.user)
        messages.success(request, f"You get the scorecard on Mondays, of {segment or 'all segments'}.")
    else:
        stop_scorecard_mail(person=request.user, acting_person=request.user)
        messages.success(request, "You get no scorecard by mail.")


# Mail programs post here by themselves, with nothing but the address; the signature in it says who asks.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def stop_mail(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to stop the mail, since mail programs open links by themselves; posted to, stop it."""
    person = person_of_stop_token(token)
    if person is None:
        raise Http404("This address is not complete.")
    if request.method == "POST":
        stop_scorecard_mail(person=person, acting_person=None)
    is_wanted = ScorecardMail.objects.filter(person=person).exists()
    return render(request, "notifications/monday_stop.html", {"is_wanted": is_wanted})
