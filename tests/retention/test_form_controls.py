"""Form controls written in Python hold what Django's own templates hold."""

import re
from collections.abc import Sequence

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.template.loader import render_to_string

from retention.form_controls import Renderer

GROUPED: Sequence[tuple[str, Sequence[tuple[str, str]]]] = [("A <b>", [("1", "one & two"), ("2", 'say "x"')])]


class Everything(forms.Form):
    words = forms.CharField(max_length=20, initial='"quoted" <b>')
    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), initial="</textarea><script>")
    number = forms.IntegerField(min_value=1, initial=7)
    money = forms.DecimalField(max_digits=9)
    when = forms.DateField(widget=forms.DateInput({"type": "date"}), initial="2026-01-05")
    mail = forms.EmailField(required=False)
    secret = forms.CharField(widget=forms.HiddenInput, initial="<1>")
    agreed = forms.BooleanField(initial=True)
    not_agreed = forms.BooleanField(required=False)
    one = forms.ChoiceField(choices=[("", "choose…"), ("a", "A & B"), ("b", "<i>")], initial="a")
    grouped = forms.ChoiceField(choices=GROUPED, initial="2")
    several = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B"), ("c", "C")], initial=["a", "c"])
    radio = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)


def controls(form: forms.Form) -> dict[str, str]:
    return {field.name: re.sub(r"\s+(?=[<>])|(?<=>)\s+", "", str(field)) for field in form}


@pytest.mark.parametrize("data", [None, {"words": "<u>", "one": "b", "several": ["b"], "agreed": "on", "number": "x"}])
def test_each_control_is_written_as_django_writes_it(data: dict[str, object] | None) -> None:
    own = Everything(data, renderer=Renderer())
    theirs = Everything(data, renderer=DjangoTemplates())
    assert controls(own) == controls(theirs)


class Asked(forms.Form):
    share = forms.IntegerField(label="Share <%>", min_value=1, help_text="of <b>all</b>")


def drawn(form: Asked) -> list[str]:
    lines = render_to_string("components/_field.html", {"field": form["share"]}).splitlines()
    return [line.strip() for line in lines if line.strip()]


def test_a_field_is_drawn_with_its_label_and_its_hint() -> None:
    about = 'aria-describedby="id_share_helptext" id="id_share"'
    assert drawn(Asked()) == [
        '<div class="mb-3">',
        '<label class="form-label required" for="id_share">Share &lt;%&gt;</label>',
        f'<input type="number" name="share" min="1" class="form-control" required {about}>',
        '<div class="form-hint" id="id_share_helptext">of <b>all</b></div>',
        "</div>",
    ]


def test_a_field_that_was_sent_wrongly_says_what_is_wrong() -> None:
    control, wrong = drawn(Asked({"share": "0"}))[2:4]
    assert 'class="form-control is-invalid"' in control
    words = "Ensure this value is greater than or equal to 1."
    assert wrong == f'<div class="invalid-feedback d-block" id="id_share_error">{words}</div>'
