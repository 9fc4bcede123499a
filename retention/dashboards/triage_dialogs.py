"""The dialogs' forms, for one row of a desk or for all that are ticked: drawn once for what they offer.

They are empty, so that two readers of a desk are shown the same until a department, a colleague or a cause is added.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast

from django.forms import ChoiceField, Form
from django.utils.safestring import SafeString

from departments.forms import AssignForm, DisputeForm, HandOffForm, ResolveForm, WordsForm
from departments.models import Department
from retention.templatetags.holdfast import labelled

Choices = tuple[tuple[Any, str], ...]

# What comes from records: form and field.
_OFFERING: Final = (("assign", "assignee"), ("resolve", "cause"), ("hand_off", "to"))
_MOST_KEPT: Final = 256


def dialogs(department: Department) -> Mapping[str, Mapping[str, SafeString]]:
    """Return the fields of each dialog as a page shows them, by form and name."""
    return _drawn(department, tuple(tuple(choices) for choices in _offered(department)))


def _forms(department: Department) -> dict[str, Form]:
    return {
        "assign": AssignForm(department=department, auto_id="assign_%s"),
        "resolve": ResolveForm(department=department, auto_id="resolve_%s"),
        "hand_off": HandOffForm(department=department, auto_id="hand_off_%s"),
        "dispute": DisputeForm(auto_id="dispute_%s"),
        "return": WordsForm(auto_id="return_%s"),
        "reopen": WordsForm(auto_id="reopen_%s"),
    }


@lru_cache(maxsize=_MOST_KEPT)
def _offered(department: Department) -> Sequence[Iterable[tuple[Any, str]]]:
    """Return what the fields offer, read anew by whoever goes through it."""
    forms = _forms(department)
    fields = [cast(ChoiceField, forms[form].fields[name]) for form, name in _OFFERING]
    return [cast(Iterable[tuple[Any, str]], field.choices) for field in fields]


@lru_cache(maxsize=_MOST_KEPT)
def _drawn(department: Department, offered: tuple[Choices, ...]) -> dict[str, dict[str, SafeString]]:
    forms = _forms(department)
    for (form, name), choices in zip(_OFFERING, offered, strict=True):
        cast(ChoiceField, forms[form].fields[name]).choices = choices
    return {name: {field.name: labelled(field) for field in form} for name, form in forms.items()}
