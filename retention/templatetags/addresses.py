"""The tag `url`, for pages that write hundreds of addresses: Django looks for each of them anew."""

import uuid
from functools import lru_cache

from django.conf import settings
from django.template import Context, Library
from django.template.base import Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parsed
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

register = Library()

# Stands for the id of a record in an address that is looked for once.
SAMPLE = uuid.UUID("5a0f5a0f-5a0f-4a0f-8a0f-5a0f5a0f5a0f")


class AddressNode(URLNode):
    """An address without parameters, or with the public id of one record, is looked for once; others as Django does."""

    def render(self, context: Context) -> SafeString:
        """Return the address, escaped; with `as`, nothing, and the context has it."""
        values = [argument.resolve(context) for argument in self.args]
        if self.kwargs or len(values) > 1 or not all(isinstance(value, uuid.UUID) for value in values):
            return SafeString(super().render(context))
        try:
            url = _found(
                get_urlconf() or settings.ROOT_URLCONF,
                get_script_prefix(),
                self.view_name.resolve(context),
                _namespace(context),
                (SAMPLE,) * len(values),
            )
        except NoReverseMatch:
            return SafeString(super().render(context))
        for value in values:
            url = url.replace(str(SAMPLE), str(value))
        if not self.asvar:
            return conditional_escape(url) if context.autoescape else SafeString(url)
        context[self.asvar] = url
        return SafeString()


@lru_cache(maxsize=2048)
def _found(urlconf: str, prefix: str, name: str, namespace: str | None, values: tuple[uuid.UUID, ...]) -> str:
    """Look an address up, as it is below the prefix that is in force."""
    return reverse(name, urlconf, values, current_app=namespace)


def _namespace(context: Context) -> str | None:
    request = getattr(context, "request", None)
    if hasattr(request, "current_app"):
        return request.current_app  # type: ignore[union-attr,no-any-return]  # asked for in the line above
    match = getattr(request, "resolver_match", None)
    return match.namespace if match else None


@register.tag
def url(parser: Parser, token: Token) -> AddressNode:
    """Write the address of a page, as Django's own tag does."""
    node = parsed(parser, token)
    return AddressNode(node.view_name, node.args, node.kwargs, node.asvar)
