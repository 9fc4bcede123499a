"""Lengths of time, and changes against the quarter before, on the pages about responsibility."""

import re

from django import template
from django.contrib.messages.storage.base import Message
from django.utils.html import format_html
from django.utils.safestring import SafeString

from retention import formatting

register = template.Library()

DAYS_FROM_HOURS = 72
UNCHANGED = SafeString(
    '<span class="tile-note">unchanged<span class="visually-hidden"> against last quarter</span></span>'
)


@register.filter
def hours(value: float | None) -> str:
    """Write hours as people say them: 25 min, 9 h, and days from three on."""
    if value is None:
        return "—"
    if value < 1:
        return f"{value * 60:.0f} min"
    return f"{value:.0f} h" if value < DAYS_FROM_HOURS else f"{value / 24:.0f} d"


@register.filter
def undo_of(message: Message) -> str:
    """Return by what the deed that a message tells of can be taken back; empty if it cannot."""
    found = re.search(r"\bundo:([0-9a-f-]{36})\b", message.extra_tags or "")
    return found[1] if found else ""


@register.filter
def exact_percent(share: float | None) -> str:
    """Write a share to the tenth of a per cent."""
    return f"{share:.1%}" if isinstance(share, float) else "—"


@register.simple_tag
def change_in_points(now: float | None, before: float | None) -> SafeString:
    """Show by how many percentage points a share that should rise has moved."""
    if not isinstance(now, float) or not isinstance(before, float):
        return SafeString("")
    moved = (now - before) * 100
    if abs(moved) < 0.05:
        return UNCHANGED
    return _change(moved, f"{abs(moved):.1f} pts", "good", "bad")


@register.simple_tag
def change_in_money(now: float | None, before: float | None) -> SafeString:
    """Show by how much a sum that should fall has moved."""
    if not isinstance(now, float) or not isinstance(before, float):
        return SafeString("")
    if round(now) == round(before):
        return UNCHANGED
    return _change(now - before, formatting.short_money(abs(now - before)), "bad", "good")


@register.simple_tag
def change_in_number(now: float | None, before: float | None) -> SafeString:
    """Show by how much a number that should rise has moved."""
    if not isinstance(now, float) or not isinstance(before, float):
        return SafeString("")
    if abs(now - before) < 0.005:
        return UNCHANGED
    return _change(now - before, f"{abs(now - before):.2f}", "good", "bad")


@register.simple_tag
def change_in_count(now: int | None, before: int | None) -> SafeString:
    """Show by how many a count that should fall has moved."""
    if not isinstance(now, int) or not isinstance(before, int):
        return SafeString("")
    if now == before:
        return UNCHANGED
    return _change(float(now - before), formatting.number(abs(now - before)), "bad", "good")


@register.simple_tag
def plain_change_in_points(now: float | None, before: float | None) -> SafeString:
    """Show by how many percentage points a share has moved, where neither way is better; nothing where it has not."""
    if not isinstance(now, float) or not isinstance(before, float) or abs(now - before) < 0.005:
        return SafeString("")
    return _change((now - before) * 100, f"{abs(now - before) * 100:.0f}", "", "")


def _change(moved: float, words: str, tone_up: str, tone_down: str) -> SafeString:
    tone, sign, direction = (tone_up, "▲", "up") if moved > 0 else (tone_down, "▼", "down")
    return format_html(
        '<span class="tile-note tone-{}"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span> {}'
        '<span class="visually-hidden"> against last quarter</span></span>',
        tone,
        sign,
        direction,
        words,
    )
