"""Rows of a desk and what may be done with them: written at once, since a template takes as long as all else."""

from typing import Final

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from departments.models import Incident
from retention.dashboards.triage_rows import Row
from retention.filling import filled
from retention.formatting import money
from retention.templatetags.holdfast import ago, due

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


_ROW: Final = (
    '\n<tr data-row data-incident="{id}" data-title="{name}"{cause} tabindex="-1">\n  {tick}\n'
    '  <td class="main"><span class="severity {severity}" title="{severity}"></span>'
    '<span class="visually-hidden">{severity}: </span><a href="{page}" data-open>{title}</a>'
    '<span class="sub">{origin}</span></td>\n'
    '  <td data-label="Account"><span><a class="quiet-link" href="{account_page}">{account}</a>'
    '<span class="sub">{at_risk}</span></span></td>\n'
    '  <td class="figure fw-bold" data-label="Puts at risk">{money}</td>\n'
    '  <td data-label="{when}">{moment}</td>\n'
    '  <td data-label="With" class="with">{holder}</td>\n'
    "  {buttons}\n</tr>\n"
)
_TICK: Final = (
    '<td class="tick"><label><span class="visually-hidden">Tick {0}</span><input class="form-check-input"'
    ' type="checkbox" name="incident" value="{1}" form="ticked" data-tick-row></label></td>'
)
_ASSIGN: Final = (
    '<a class="assign-link" href="{}#assign" data-dialog="assign" data-post="{}"'
    ' aria-label="Assign, now with {}">{}</a>'
)
_TAKE_ON: Final = (
    '<button class="btn btn-sm" form="deed" formaction="{}" name="assignee" value="{}"'
    ' data-act="take-on">Take it on</button>'
)


@register.simple_tag(takes_context=True)
def desk_row(context: Context, row: Row) -> SafeString:
    """Draw a row of the desk as the page's reader may see it and work with it."""
    incident = row.incident
    return filled(
        _ROW,
        id=incident.public_id,
        name=incident.title,
        cause=filled(' data-cause="{}"', row.cause) if row.cause else "",
        tick=filled(_TICK, incident.title, incident.public_id) if context["answers"] else "",
        severity=row.severity,
        page=row.page,
        title=row.title,
        origin=row.origin,
        account_page=row.account_page,
        account=incident.account.name,
        at_risk="not scored yet" if row.account_at_risk is None else f"{money(row.account_at_risk)} at risk",
        money=money(incident.current_money),
        when="Due" if row.deadline else "Resolved",
        moment=_moment(row),
        holder=_holder(row, incident, context),
        buttons=_buttons(row) if context["works"] else "",
    )


def _moment(row: Row) -> SafeString:
    if row.deadline is None:
        return ago(row.incident.resolved_at)
    return filled("<span>{}{}</span>", "accept: " if row.is_asked else "", due(row.deadline))


def _holder(row: Row, incident: Incident, context: Context) -> str:
    name = incident.assignee.name if incident.assignee else ""
    if row.may.assign:
        return filled(_ASSIGN, row.page, row.assign, name or "nobody", name or "assign")
    return filled(_TAKE_ON, row.assign, context["user"].public_id) if row.may.take_on else name or "—"


def _buttons(row: Row) -> SafeString:
    return SafeString(f'\n  <td class="row-buttons">\n    {_deeds(row)}\n  </td>\n  ')


def _deeds(row: Row) -> str:
    return "\n    ".join(words.format(row) for deed, words in _BUTTONS.items() if getattr(row.may, deed))
