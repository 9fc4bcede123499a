"""What becomes of a call that somebody at the desk has filled in."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.errors import ActionError, Invalid, NotAllowed
from accounts.models import Account
from departments.actions.calls import Call, RecordedCall, record_call
from departments.actions.rows_undo import Undoing
from departments.actions.undoable import of_call
from departments.care.call_form import CallForm
from departments.http import PersonRequest
from departments.views.deeds import undo_tag


def record(request: PersonRequest, account: Account, form: CallForm) -> bool:
    """Record the call that a valid form holds and say so; False where the form has to be corrected."""
    undoing = of_call(account, request.user)
    try:
        recorded = _recorded(undoing, account, form.call())
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except ActionError as refusal:
        form.add_error(_field(form, refusal), str(refusal))
        return False
    messages.success(request, _words(account, recorded), extra_tags=undo_tag(undoing.batch))
    return True


@transaction.atomic
def _recorded(undoing: Undoing, account: Account, call: Call) -> RecordedCall:
    """Record the call such that all of it is taken back at once."""
    recorded: list[RecordedCall] = []
    undoing(lambda: recorded.append(record_call(account=account, call=call, acting_person=undoing.person)))()
    if reported := recorded[0].incident:
        undoing.together_with(reported)
    return recorded[0]


def _field(form: CallForm, refusal: ActionError) -> str | None:
    """The form's name for the field that an action refuses, if it has one."""
    names = {"amount": "order_amount", "promised_on": "order_promised_on"}
    field = refusal.field if isinstance(refusal, Invalid) else None
    name = names.get(field or "", field)
    return name if name in form.fields else None


def _words(account: Account, recorded: RecordedCall) -> str:
    parts = [f"The call with {account} is recorded"]
    if recorded.answered:
        parts.append(f"{recorded.answered.asked_by} sees that it was made")
    if recorded.order:
        parts.append(f"order {recorded.order} is taken")
    if recorded.incident:
        parts.append(f"{recorded.incident.department} is asked about “{recorded.incident}”")
    return ", ".join(parts) + "."
