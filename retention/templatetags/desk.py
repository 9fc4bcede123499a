"""What may be done with a row of a desk, as buttons: written at once, since a template asks of each whether it may."""

from typing import Final

from django import template
from django.utils.safestring import SafeString

from retention.dashboards.triage_rows import Row

register = template.Library()

# By the deed that it takes; addresses are our own, of names and ids, so that nothing in them needs to be escaped.
_BUTTONS: Final = {
    "accept": '<button class="btn btn-sm" form="deed" formaction="{0.accept}" data-act="accept">Accept</button>',
    "give_back": '<a class="btn btn-sm" href="{0.page}#asked" data-act="hand-off" data-dialog="return"'
    ' data-post="{0.give_back}">Return</a>',
    "hand_off": '<a class="btn btn-sm" href="{0.page}#hand-off" data-act="hand-off" data-dialog="hand-off"'
    ' data-post="{0.pass_on}">Hand off</a>',
    "answer_dispute": '<a class="btn btn-sm" href="{0.page}#answer-dispute">Answer</a>',
    "dispute": '<a class="btn btn-sm" href="{0.page}#dispute" data-act="dispute" data-dialog="dispute"'
    ' data-post="{0.dispute}">Dispute</a>',
    "resolve": '<a class="btn btn-sm" href="{0.page}#resolve" data-act="resolve" data-dialog="resolve"'
    ' data-post="{0.resolve}">Resolve</a>',
    "withdraw": '<button class="btn btn-sm" form="deed" formaction="{0.withdraw}">Withdraw</button>',
    "reopen": '<a class="btn btn-sm" href="{0.page}#reopen" data-dialog="reopen" data-post="{0.reopen}">Reopen</a>',
}


@register.simple_tag
def row_buttons(row: Row) -> SafeString:
    """Draw a button for each thing that the reader may do with the row."""
    return SafeString("\n    ".join(words.format(row) for deed, words in _BUTTONS.items() if getattr(row.may, deed)))
