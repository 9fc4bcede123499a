"""Form controls written in Python: Django's own templates take most of the time of a page with many choices.

What is written equals what those templates write, but for white space; a test holds both against each other.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.safestring import SafeString, mark_safe

from retention.filling import escaped

Widget = Mapping[str, Any]


def _attributes(attributes: Mapping[str, Any]) -> str:
    written = []
    for name, value in attributes.items():
        if value is True:
            written.append(f" {escaped(name)}")
        elif value is not False:
            written.append(f' {escaped(name)}="{escaped(str(value))}"')
    return "".join(written)


def _input(widget: Widget) -> str:
    value = "" if widget["value"] is None else f' value="{escaped(str(widget["value"]))}"'
    kind, name = escaped(widget["type"]), escaped(widget["name"])
    return f'<input type="{kind}" name="{name}"{value}{_attributes(widget["attrs"])}>'


def _textarea(widget: Widget) -> str:
    words = escaped(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{escaped(widget["name"])}"{_attributes(widget["attrs"])}>\n{words}</textarea>'


def _select(widget: Widget) -> str:
    options = "".join(_group(name, choices) for name, choices, _ in widget["optgroups"])
    return f'<select name="{escaped(widget["name"])}"{_attributes(widget["attrs"])}>{options}</select>'


def _group(name: str | None, choices: list[Widget]) -> str:
    options = "".join(
        f'<option value="{escaped(str(one["value"]))}"{_attributes(one["attrs"])}>{escaped(one["label"])}</option>'
        for one in choices
    )
    return f'<optgroup label="{escaped(name)}">{options}</optgroup>' if name else options


_INPUTS = ("text", "number", "email", "url", "password", "hidden", "date", "datetime", "time", "checkbox", "search")
WRITTEN: Mapping[str, Callable[[Widget], str]] = {
    "django/forms/widgets/textarea.html": _textarea,
    "django/forms/widgets/select.html": _select,
    **{f"django/forms/widgets/{kind}.html": _input for kind in _INPUTS},
}


class Renderer(DjangoTemplates):
    """Writes the usual controls itself, and leaves every other template to Django."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> SafeString:
        """Return the control, or the template filled in."""
        write = WRITTEN.get(template_name)
        if write is None:
            return mark_safe(super().render(template_name, context, request))  # noqa: S308 - Django has escaped it
        return mark_safe(write(context["widget"]))  # noqa: S308 - every value in it was escaped
