"""Rules over signals, in the browser: the list, the editor with its preview, the record of one."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.errors import ActionError, NotAllowed
from accounts.signals import KINDS
from departments.actions.backfills import ask_for_backfill
from departments.actions.rules import may_keep, save_rule
from departments.actions.undoable import of_rule
from departments.care.views import done, require, status_of
from departments.detection.previewing import Preview, preview
from departments.http import PersonRequest
from departments.models import Capability, DetectionRule
from departments.views.deeds import undo_tag
from retention.rules.examples import EXAMPLES
from retention.rules.forms import BackfillForm, RuleForm, SwitchForm
from retention.rules.reading import BACKFILLS_SHOWN, in_words, incidents_page, rows, rules_seen_by
from retention.rules.words import completions, field_words, operator_words
from retention.tasks import backfill_rule


@require_safe
def show_rules(request: PersonRequest) -> HttpResponse:
    """List the rules that the person sees, and what each has opened."""
    require(request, Capability.SEE_RULES)
    found = rows(request.user)
    context = {"rows": found, "may_make": request.user.can(Capability.KEEP_RULES)}
    return render(request, "rules/rules.html", context)


@require_safe
def show_rule(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show what a rule says and said, and what it has opened. To htmx, only how far a backfill is."""
    rule = _visible(request, public_id)
    context: dict[str, object] = {"rule": rule, "backfills": _backfills(rule)}
    if request.htmx:
        return render(request, "rules/_backfills.html", context)
    versions = [(one, in_words(one)) for one in rule.versions.select_related("friction_type")]
    context |= {
        "words": in_words(rule),
        "versions": versions,
        "page": incidents_page(rule, request.user, request.GET.get("page")),
        "may_keep": may_keep(request.user, rule.friction_type),
        "backfill_form": BackfillForm(),
    }
    return render(request, "rules/rule.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def make_rule(request: PersonRequest) -> HttpResponse:
    """Ask over which kind of signal, then take a new rule."""
    require(request, Capability.KEEP_RULES)
    example = EXAMPLES.get(request.GET.get("example", ""))
    kind = KINDS.get(example.kind if example else request.GET.get("kind", ""))
    if kind is None:
        context = {"kinds": list(KINDS.values()), "examples": EXAMPLES.items()}
        return render(request, "rules/kinds.html", context, status=400 if request.method == "POST" else 200)
    initial: dict[str, Any] = example.fields if example else {}
    return _edit(request, DetectionRule(signal_kind=kind.name, severity="0.5", revision=0), initial)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_rule(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show the editor, what the rule would open, and take the rule as it was changed."""
    return _edit(request, _kept(request, public_id), {})


def _edit(request: PersonRequest, rule: DetectionRule, initial: dict[str, Any]) -> HttpResponse:
    kind = KINDS[rule.signal_kind]
    sent = request.POST if request.method == "POST" else None
    form = RuleForm(sent, rule=rule, kind=kind, person=request.user, initial=initial)
    is_question = "preview" in request.POST
    if form.is_valid() and not is_question and done(form, lambda: _save(request, rule)):
        return redirect("rule", rule.public_id)
    context = {"form": form, "rule": rule, "kind": kind, "preview": _preview(request, form) if is_question else None}
    if request.htmx and is_question:
        return render(request, "rules/_preview.html", context)
    context |= {
        "fields": field_words(kind),
        "operators": operator_words(),
        "completions": completions(kind),
        "is_asked": is_question,
    }
    return render(request, "rules/edit.html", context, status=200 if is_question else status_of(form))


def _preview(request: PersonRequest, form: RuleForm) -> Preview | None:
    return preview(form.rule, now=timezone.now(), person=request.user) if form.is_valid() else None


def _save(request: PersonRequest, rule: DetectionRule) -> None:
    is_new = rule.pk is None
    undoing = of_rule(rule, request.user)
    undoing(lambda: save_rule(rule=rule, acting_person=request.user))()
    words = "is in use for signals from now on" if rule.is_active else "is kept, and switched off"
    sentence = f"“{rule}”{'' if is_new else f', version {rule.version},'} {words}."
    messages.success(request, sentence, extra_tags=undo_tag(undoing.batch))


@require_POST
def switch_rule(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Switch a rule off or on, unless somebody changed it meanwhile."""
    rule = _kept(request, public_id)
    form = SwitchForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed: use the button on the rule’s page.")
        return redirect("rule", rule.public_id)
    rule.is_active, rule.revision = form.cleaned_data["is_active"], form.cleaned_data["revision"]
    undoing = of_rule(rule, request.user)
    if _done(request, undoing(lambda: save_rule(rule=rule, acting_person=request.user))):
        state = "on: it finds what comes from now on" if rule.is_active else "off: it finds nothing any more"
        messages.success(request, f"“{rule}” is switched {state}.", extra_tags=undo_tag(undoing.batch))
    return redirect("rule", rule.public_id)


@require_POST
def backfill(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Hold a rule against signals of the past."""
    rule = _kept(request, public_id)
    form = BackfillForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was begun: say from which day to which.")
        return redirect("rule", rule.public_id)
    _done(request, lambda: _begin(request, rule, form.cleaned_data))
    return redirect("rule", rule.public_id)


def _begin(request: PersonRequest, rule: DetectionRule, days: dict[str, Any]) -> None:
    asked = ask_for_backfill(rule=rule, acting_person=request.user, **days)
    backfill_rule.delay(asked.pk)


def _done(request: PersonRequest, action: Callable[[], object]) -> bool:
    """Do it; a refusal is told on the next page, a missing permission is a 403."""
    try:
        action()
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except ActionError as refusal:
        messages.error(request, str(refusal))
        return False
    return True


def _visible(request: PersonRequest, public_id: uuid.UUID) -> DetectionRule:
    return get_object_or_404(rules_seen_by(request.user), public_id=public_id)


def _kept(request: PersonRequest, public_id: uuid.UUID) -> DetectionRule:
    """Return the rule to who keeps it; 404 for outsiders, 403 for who only sees it."""
    rule = _visible(request, public_id)
    if not may_keep(request.user, rule.friction_type):
        raise PermissionDenied(f"The head of {rule.friction_type.department} and administrators keep this rule.")
    return rule


def _backfills(rule: DetectionRule) -> list[object]:
    return list(rule.backfills.select_related("asked_by")[:BACKFILLS_SHOWN])
