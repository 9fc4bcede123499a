"""Questions what if that workers answer: asked, watched while they do, read by whoever has the link and may."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.errors import Conflict
from departments.http import PersonRequest
from retention.asking.words import words_of
from retention.dashboards.what_if import WhatIfForm, crossings_told, rows_told
from retention.models import WhatIfRun
from retention.scoring.what_if import Question
from retention.scoring.what_if_answers import Told
from retention.scoring.what_if_runs import ask, ranges_of
from retention.tasks import answer_range

ANSWERS_SHOWN = 25


@require_http_methods(["GET", "HEAD", "POST"])
def show_answers(request: PersonRequest) -> HttpResponse:
    """Show which questions were kept, each with its answer in short; have another one answered and kept."""
    if request.method == "POST":
        return _asked(request)
    runs = WhatIfRun.objects.visible_to(request.user).select_related("asked_by")
    page = Paginator(runs, ANSWERS_SHOWN).get_page(request.GET.get("page"))
    rows = [(run, Told.from_dict(run.answer) if run.answer else None) for run in page]
    return render(request, "asking/answers.html", {"page": page, "rows": rows})


def _asked(request: PersonRequest) -> HttpResponse:
    form = WhatIfForm(request.POST, person=request.user)
    if not form.is_valid():
        return render(request, "dashboards/what_if.html", {"form": form}, status=400)
    return _begun(request, form.question())


@require_safe
def show_answer(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show a kept answer, or how far the workers are with it. To htmx, only what moves."""
    runs = WhatIfRun.objects.visible_to(request.user).select_related("asked_by", "model", "department")
    run = get_object_or_404(runs, public_id=public_id)
    told = Told.from_dict(run.answer) if run.answer else None
    context = {
        "run": run,
        "answer": told,
        "progress": run.progress,
        "version": run.model,
        "rows": rows_told(told, request.user) if told else [],
        "crossings": crossings_told(told) if told else [],
        "narrowed_to_departments": bool(run.question["departments"]),
        "address": request.build_absolute_uri(reverse("what_if_answer", args=[run.public_id])),
    }
    return render(request, "asking/_answer.html" if request.htmx else "asking/answer.html", context)


@require_POST
def ask_again(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Have the same question answered as of now, about what the person sees; the earlier answer stays."""
    run = get_object_or_404(WhatIfRun.objects.visible_to(request.user), public_id=public_id)
    return _begun(request, Question.from_dict(run.question))


def _begun(request: PersonRequest, question: Question) -> HttpResponse:
    try:
        run = ask(question=question, words=words_of(question), acting_person=request.user)
    except Conflict as refusal:
        messages.error(request, str(refusal))
        return redirect("what_if_answers")
    for range_id in ranges_of(run):
        answer_range.delay(range_id)
    return redirect("what_if_answer", run.public_id)
