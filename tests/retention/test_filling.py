"""HTML is filled with values as Django fills it."""

import uuid
from typing import Any

import pytest
from django.utils.functional import lazystr
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from retention.filling import escaped, filled

VALUES: list[Any] = [
    "plain",
    "<b>&\"'</b>",
    SafeString("<b>&</b>"),
    lazystr("<i>"),
    lazystr(SafeString("<i>")),
    7,
    2.5,
    None,
    uuid.UUID(int=5),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_escaped_unless_it_is_html_already(value: Any) -> None:
    assert escaped(value) == conditional_escape(value)
    assert filled("<p {}>{told}</p>", value, told=value) == format_html("<p {}>{told}</p>", value, told=value)


def test_what_was_filled_is_html_already() -> None:
    assert filled("<p>{}</p>", filled("<b>{}</b>", "&")) == "<p><b>&amp;</b></p>"
