"""Pieces of HTML filled with values that are escaped: Django's own way takes several times as long, on each value."""

import html
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString


def escaped(value: Any) -> str:
    """Return a value as HTML shows it; what is HTML already stays as it is."""
    if isinstance(value, Promise):
        value = str(value)
    return str(value.__html__()) if hasattr(value, "__html__") else html.escape(str(value))


def filled(words: str, *values: Any, **named: Any) -> SafeString:
    """Fill values into HTML as `str.format` does, each escaped."""
    safe = {name: escaped(value) for name, value in named.items()}
    return SafeString(words.format(*map(escaped, values), **safe))
