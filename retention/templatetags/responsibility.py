"""Words for lengths of time on the pages about responsibility."""

from django import template

register = template.Library()


@register.filter
def hours(value: float | None) -> str:
    """Write hours as people say them: 25 min, 9 h, and days from three on."""
    if value is None:
        return "—"
    if value < 1:
        return f"{value * 60:.0f} min"
    return f"{value:.0f} h" if value < 72 else f"{value / 24:.0f} d"
