"""The filter `floatformat`, for pages of many figures: they are the same ones whenever the page is asked for."""

from functools import lru_cache

from django.template import Library
from django.template.defaultfilters import floatformat as rounded
from django.utils.translation import get_language

register = Library()


@register.filter(is_safe=True)
def floatformat(value: object, digits: int | str = -1) -> str:
    """Round a figure, as Django's own filter does."""
    # Zeros are equal whatever their sign, but not written alike.
    if isinstance(value, int | float) and value:
        return _rounded(value, digits, get_language())
    return rounded(value, digits)


@lru_cache(maxsize=8192, typed=True)
def _rounded(value: float, digits: int | str, language: str | None) -> str:
    return rounded(value, digits)
