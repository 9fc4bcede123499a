"""How much a rate has changed, in words."""

from django import template

from departments.models import EffectivenessCheck

register = template.Library()


@register.filter
def ratio_in_words(ratio: float) -> str:
    """Say what a ratio of rates means: 0.42 is 58 % lower."""
    if ratio >= 2:
        return f"{ratio:.1f} times as often"
    change = round(abs(ratio - 1) * 100)
    return "as often as before" if change == 0 else f"{change} % {'less' if ratio < 1 else 'more'} often"


@register.filter
def interval_in_words(check: EffectivenessCheck) -> str:
    """Say the interval of the ratio: 0.20 to 0.81 times, or above 0.63 times where it has no upper end."""
    if check.low is None:
        return "not known"
    if check.high is None:
        return f"above {check.low:.2f} times the rate before"
    return f"{check.low:.2f} to {check.high:.2f} times the rate before"
