"""Imports on the web: upload, look on, read what was refused."""

import uuid

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.errors import Invalid
from departments.http import PersonRequest
from departments.models import Capability
from retention.dashboards.export import csv_response
from retention.imports.forms import ImportForm
from retention.imports.loading import Options
from retention.imports.runs import KEPT_REFUSALS, ask_for_import, read_bytes
from retention.models import ImportRun
from retention.tasks import import_uploaded

RUNS_SHOWN = 25
REFUSALS_SHOWN = 100
ERROR_COLUMNS = ("file", "line", "field", "value", "reason")


@require_http_methods(["GET", "HEAD", "POST"])
def show_imports(request: PersonRequest) -> HttpResponse:
    """Show past imports and the form for another; take what is uploaded."""
    _require(request)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_bound and form.is_valid():
        run = _asked_for(request, form)
        if run is not None:
            import_uploaded.delay(run.pk)
            return redirect("import", public_id=run.public_id)
    runs = ImportRun.objects.visible_to(request.user).select_related("person").prefetch_related("files")
    page = Paginator(runs, RUNS_SHOWN).get_page(request.GET.get("page"))
    status = 400 if form.is_bound else 200
    return render(request, "imports/imports.html", {"form": form, "page": page}, status=status)


@require_safe
def show_import(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show one import: how far it is, what it did, what it refused. To htmx, only what moves."""
    run = _visible(request, public_id)
    size = sum(file.size for file in run.files.all())
    context = {
        "run": run,
        "size": size,
        "read": min(read_bytes(run), size),
        "refusals": run.refusals.all()[:REFUSALS_SHOWN] if run.is_finished else [],
        "shown": REFUSALS_SHOWN,
        "kept": KEPT_REFUSALS,
    }
    return render(request, "imports/_import.html" if request.htmx else "imports/import.html", context)


@require_safe
def export_errors(request: PersonRequest, public_id: uuid.UUID) -> StreamingHttpResponse:
    """Hand over what was refused, as CSV."""
    run = _visible(request, public_id)
    rows = run.refusals.values_list(*ERROR_COLUMNS).iterator(chunk_size=1_000)
    return csv_response("errors", ERROR_COLUMNS, rows)


def _require(request: PersonRequest) -> None:
    if not request.user.can(Capability.IMPORT_RECORDS):
        raise PermissionDenied("Importing records is for administrators.")


def _visible(request: PersonRequest, public_id: uuid.UUID) -> ImportRun:
    _require(request)
    runs = ImportRun.objects.visible_to(request.user).select_related("person").prefetch_related("files")
    return get_object_or_404(runs, public_id=public_id)


def _asked_for(request: PersonRequest, form: ImportForm) -> ImportRun | None:
    given = form.cleaned_data
    try:
        return ask_for_import(
            mapping_file=given["mapping_file"],
            mapping_text=given["mapping_text"],
            files=given["uploads"],
            options=Options(
                source=given["source"] or None,
                strict=given["strict"],
                dry_run=given["dry_run"],
                shift_to_now=given["shift_to_now"],
            ),
            acting_person=request.user,
        )
    except Invalid as error:
        form.add_error("mapping", str(error))
        return None
