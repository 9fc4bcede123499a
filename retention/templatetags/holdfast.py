"""How figures look on a page. Each tag escapes what it is given."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

from django import template
from django.forms import BoundField, CheckboxInput, ChoiceField, RadioSelect, Select, SelectMultiple
from django.forms.models import ModelChoiceIterator
from django.templatetags.static import static
from django.utils import timezone
from django.utils.choices import CallableChoiceIterator
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from departments.models import Department
from retention import formatting
from retention.filling import escaped, filled
from retention.formatting import Number
from retention.scoring.bands import BAND_WORDS, band_of

register = template.Library()


def _of_what_there_is(write: Callable[[Number | None], str]) -> Callable[[Number | str | None], str]:
    """Let a filter take what a template gives for an attribute of nothing: an empty string."""

    def write_or_dash(value: Number | str | None) -> str:
        return write(None if isinstance(value, str) else value)

    return write_or_dash


for _name in ("money", "exact_money", "short_money", "number", "percent", "points", "signed"):
    register.filter(_name, _of_what_there_is(getattr(formatting, _name)))

SOON_HOURS = 24
NOTHING = SafeString('<span class="text-secondary">—</span>')


@dataclass(frozen=True)
class Segment:
    """A part of a split bar: share of the whole bar, 0 to 1."""

    label: str
    colour: str
    share: float


# A page draws the same few icons over and over.
@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str) -> SafeString:
    """Draw an icon of the sprite; it says nothing to screen readers, so words must stand beside it."""
    return filled(
        '<svg class="icon" width="20" height="20" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )


@register.filter
def band(risk: float | str | None) -> str:
    """Return the name of a risk's band, as class names use it."""
    return str(band_of(risk)) if isinstance(risk, float) else "none"


@register.filter
def band_words(risk: float | str | None) -> str:
    """Return the word of a risk's band."""
    return BAND_WORDS[band_of(risk)] if isinstance(risk, float) else "Not scored"


@register.simple_tag
def risk_badge(risk: float | str | None) -> SafeString:
    """Show a risk in its band's colour, with the band's word."""
    return _badge(band(risk), formatting.percent(risk if isinstance(risk, float) else None), band_words(risk))


@lru_cache(maxsize=512)
def _badge(band_name: str, figure: str, words: str) -> SafeString:
    return filled(
        '<span class="risk band-{}"><span class="band-mark" aria-hidden="true"></span>'
        '<span class="risk-figure">{}</span> <span class="band-word">{}</span></span>',
        band_name,
        figure,
        words,
    )


@register.simple_tag
def department_dot(department: Department) -> SafeString:
    """Show a department's name after a square of its colour."""
    return filled(
        '<span class="department"><svg class="dot" width="10" height="10" aria-hidden="true">'
        '<rect width="10" height="10" rx="2" fill="{}"></rect></svg>{}</span>',
        department.colour,
        department.name,
    )


@register.simple_tag
def split_bar(segments: Iterable[Segment]) -> SafeString:
    """Draw parts of a whole as one bar; what the parts leave open stays grey."""
    parts = [part for part in segments if part.share > 0]
    words = ", ".join(f"{part.label} {formatting.percent(part.share)}" for part in parts) or "nobody’s friction"
    return filled(
        '<svg class="split-bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="rest" width="100" height="8"></rect>{}</svg>',
        words,
        SafeString("".join(_rectangle(*part) for part in _laid_out(parts))),
    )


# The same few departments and shares come again on every row.
@lru_cache(maxsize=8192)
def _rectangle(start: float, width: float, colour: str, words: str) -> SafeString:
    return filled('<rect x="{}" width="{}" height="8" fill="{}"><title>{}</title></rect>', start, width, colour, words)


@register.simple_tag
def bar(share: float, colour: str = "", label: str = "") -> SafeString:
    """Draw a share of 0 to 1 as a bar; above 1 it is full and marked as over."""
    fill = filled(' fill="{}"', colour) if colour else ""
    return filled(
        '<svg class="bar{}" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="rest" width="100" height="6"></rect>'
        '<rect class="fill" width="{}" height="6"{}></rect></svg>',
        " over" if share > 1 and not colour else "",
        label or formatting.percent(share),
        round(min(max(share, 0.0), 1.0) * 100, 2),
        fill,
    )


@register.simple_tag
def age(moment: datetime.datetime | datetime.date | None) -> SafeString:
    """Show how long ago something was, 34 d, with the exact time on hover."""
    if moment is None:
        return NOTHING
    return _time(moment, formatting.span((timezone.now() - _as_moment(moment)).total_seconds()))


@register.simple_tag
def ago(moment: datetime.datetime | datetime.date | None) -> SafeString:
    """Show how long ago something was in a sentence's words: 34 d ago."""
    if moment is None:
        return SafeString("never")
    seconds = (timezone.now() - _as_moment(moment)).total_seconds()
    return _time(moment, f"{formatting.span(seconds)} ago" if seconds >= 0 else f"in {formatting.span(seconds)}")


@register.simple_tag
def day(date: datetime.datetime | datetime.date | None) -> SafeString:
    """Show a day briefly, 12 Jan, exact on hover."""
    if date is None:
        return NOTHING
    local = timezone.localtime(date).date() if isinstance(date, datetime.datetime) else date
    return _time(date, formatting.short_day(local))


@register.simple_tag
def due(moment: datetime.datetime | None) -> SafeString:
    """Show the time left until a deadline, or by how much it is past, in words and colour."""
    if moment is None:
        return NOTHING
    seconds = (moment - timezone.now()).total_seconds()
    if seconds < 0:
        return filled('<span class="due-past">{}</span>', _time(moment, f"{formatting.span(seconds)} past due"))
    tone = "due-soon" if seconds < SOON_HOURS * 3600 else "due-later"
    return filled('<span class="{}">{}</span>', tone, _time(moment, f"{formatting.span(seconds)} left"))


@register.filter
def styled(field: BoundField) -> SafeString:
    """Render a form field's control with the classes that its kind of widget wants."""
    widget = field.field.widget
    name = "form-control"
    if isinstance(widget, Select) and isinstance(widget.choices, ModelChoiceIterator | CallableChoiceIterator):
        # Django reads the rows of a required choice twice: once to see whether the first one is empty. A list of the
        # choices themselves would count them before.
        widget.choices = list(iter(widget.choices))
    if isinstance(widget, CheckboxInput | RadioSelect):
        name = "form-check-input"
    elif isinstance(widget, Select | SelectMultiple):
        name = "form-select"
    return field.as_widget(attrs={"class": f"{name} is-invalid" if _errors(field) else name})


@register.simple_tag
def labelled(field: BoundField | SafeString) -> SafeString:
    """Draw a form field with its label, what is wrong with what was sent, and what helps to fill it in.

    One that is drawn already stays as it is.
    """
    if not isinstance(field, BoundField):
        return field
    errors, hint = _errors(field), field.help_text
    return filled(
        _LABELLED,
        " required" if field.field.required else "",
        field.id_for_label,
        field.label,
        styled(field),
        filled(_WRONG, field.auto_id, format_html_join(" ", "{}", ((one,) for one in errors))) if errors else "",
        filled(_HINT, field.auto_id, SafeString(hint)) if hint else "",
    )


_LABELLED: Final = """<div class="mb-3">
  <label class="form-label{}" for="{}">{}</label>
  {}
  {}
  {}
</div>"""
_WRONG: Final = '<div class="invalid-feedback d-block" id="{}_error">{}</div>'
_HINT: Final = '<div class="form-hint" id="{}_helptext">{}</div>'


@register.simple_tag
def ticks(field: BoundField) -> SafeString:
    """Draw all that can be chosen of a field as boxes to tick."""
    chosen = {str(value) for value in field.value() or ()}
    return SafeString(
        "".join(
            _BOX.format(field.html_name, escaped(value), " checked" if str(value) in chosen else "", escaped(label))
            for value, label in cast("Iterable[tuple[Any, Any]]", cast(ChoiceField, field.field).choices)
        )
    )


_BOX: Final = (
    '<label class="form-check"><input class="form-check-input" type="checkbox" name="{}" value="{}"{}>'
    ' <span class="form-check-label">{}</span></label>'
)


def _errors(field: BoundField) -> Any:
    """Return what is wrong with what was sent; of a form that nobody sent, without making a list of it."""
    return field.errors if field.form.is_bound else ()


def _laid_out(parts: list[Segment]) -> Iterable[tuple[float, float, str, str]]:
    start = 0.0
    for part in parts:
        width = min(part.share, max(0.0, 1.0 - start))
        yield (
            round(start * 100, 2),
            round(width * 100, 2),
            part.colour,
            f"{part.label} {formatting.percent(part.share)}",
        )
        start += width


def _as_moment(moment: datetime.datetime | datetime.date) -> datetime.datetime:
    if isinstance(moment, datetime.datetime):
        return moment
    return timezone.make_aware(datetime.datetime.combine(moment, datetime.time.min))


def _exactly(moment: datetime.datetime | datetime.date) -> str:
    if isinstance(moment, datetime.datetime):
        return formatting.exact_moment(moment)
    return formatting.exact_day(moment)


def _time(moment: datetime.datetime | datetime.date, words: str) -> SafeString:
    return filled('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), _exactly(moment), words)
