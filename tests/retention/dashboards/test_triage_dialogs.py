"""The dialogs of a desk offer what there is when they are shown, though they are drawn once."""

import pytest
from django.forms import Form

from departments.forms import AssignForm, HandOffForm, ResolveForm
from departments.models import Department
from retention.dashboards.triage_dialogs import dialogs
from retention.templatetags.holdfast import labelled
from tests import make

pytestmark = pytest.mark.django_db


def as_drawn_now(department: Department) -> dict[str, dict[str, str]]:
    forms: dict[str, Form] = {
        "assign": AssignForm(department=department, auto_id="assign_%s"),
        "resolve": ResolveForm(department=department, auto_id="resolve_%s"),
        "hand_off": HandOffForm(department=department, auto_id="hand_off_%s"),
    }
    return {name: {field.name: labelled(field) for field in form} for name, form in forms.items()}


def drawn(department: Department) -> dict[str, dict[str, str]]:
    return {name: dict(fields) for name, fields in dialogs(department).items() if name in as_drawn_now(department)}


def test_they_follow_whatever_is_added_or_renamed() -> None:
    shipping = make.department("shipping")
    assert drawn(shipping) == as_drawn_now(shipping)
    colleague = make.member(shipping, name="Ada <Ames>")
    make.cause(shipping, "Wrong label")
    make.department("billing")
    assert drawn(shipping) == as_drawn_now(shipping)
    assert "Ada &lt;Ames&gt;" in drawn(shipping)["assign"]["assignee"]
    type(colleague).objects.filter(pk=colleague.pk).update(name="Ada Bell")
    Department.objects.filter(slug="billing").update(is_active=False)
    assert drawn(shipping) == as_drawn_now(shipping)
    assert "Ada Bell" in drawn(shipping)["assign"]["assignee"]
    assert "billing" not in drawn(shipping)["hand_off"]["to"]


def test_each_department_has_its_own() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    make.cause(shipping, "Wrong label")
    assert "Wrong label" in drawn(shipping)["resolve"]["cause"]
    assert drawn(billing) == as_drawn_now(billing)
    assert "Wrong label" not in drawn(billing)["resolve"]["cause"]
