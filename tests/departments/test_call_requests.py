"""An account manager asks the service desk for a call; the desk's call answers it, or it comes back with words."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import Account, AuditEntry
from departments.actions.call_requests import ask_for_call, return_call_request, withdraw_call_request
from departments.actions.calls import Call, record_call
from departments.models import CallRequest, CallState, Person, Role
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return make.account("Castle Gifts")


@pytest.fixture
def manager(account: Account) -> Person:
    return make.manager_of(account, name="Maya Wu")


@pytest.fixture
def desk(account: Account) -> Person:
    person = make.person(Role.SERVICE_DESK)
    make.assignment(account, person)
    return person


def tomorrow() -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=1)


def asked(account: Account, manager: Person, words: str = "Ask whether the pumps came.") -> CallRequest:
    return ask_for_call(account=account, words=words, due_on=tomorrow(), acting_person=manager)


def call(answers: CallRequest | None = None) -> Call:
    return Call("problem", 5, "They came.", None, None, None, None, 0.5, "", answers)


def test_the_desks_call_answers_what_was_asked(account: Account, manager: Person, desk: Person) -> None:
    request = asked(account, manager)
    recorded = record_call(account=account, call=call(request), acting_person=desk)
    request.refresh_from_db()
    assert (request.state, request.answered_by, request.touchpoint) == (CallState.CALLED, desk, recorded.touchpoint)
    verbs = AuditEntry.objects.filter(subject=request.public_id).order_by("pk").values_list("verb", "person")
    assert list(verbs) == [("call_request.ask", manager.pk), ("call_request.call", desk.pk)]


def test_a_call_about_something_else_leaves_it_open(account: Account, manager: Person, desk: Person) -> None:
    request = asked(account, manager)
    record_call(account=account, call=call(), acting_person=desk)
    request.refresh_from_db()
    assert request.is_open


def test_a_call_at_another_customer_answers_nothing_and_is_not_recorded(
    account: Account, manager: Person, desk: Person
) -> None:
    other = make.account("Other")
    make.assignment(other, desk)
    with pytest.raises(Invalid):
        record_call(account=other, call=call(asked(account, manager)), acting_person=desk)
    assert not other.touchpoints.exists()


def test_the_desk_returns_it_with_words_and_without_words_it_does_not(
    account: Account, manager: Person, desk: Person
) -> None:
    request = asked(account, manager)
    with pytest.raises(Invalid, match="why"):
        return_call_request(call_request=request, words="  ", acting_person=desk)
    back = return_call_request(call_request=request, words="They asked not to be called.", acting_person=desk)
    assert (back.state, back.answer_words) == (CallState.RETURNED, "They asked not to be called.")
    assert asked(account, manager).is_open


def test_one_call_is_asked_for_at_a_time(account: Account, manager: Person, desk: Person) -> None:
    request = asked(account, manager)
    with pytest.raises(Conflict, match="Maya Wu has already asked"):
        asked(account, manager)
    withdraw_call_request(call_request=request, acting_person=manager)
    assert asked(account, manager) != request
    with pytest.raises(Conflict, match="withdrawn"):
        return_call_request(call_request=request, words="Too late.", acting_person=desk)


def test_who_may_do_what(account: Account, manager: Person, desk: Person) -> None:
    request = asked(account, manager)
    for stranger in (make.person(), desk, make.person(Role.EXECUTIVE)):
        with pytest.raises(NotAllowed):
            asked(account, stranger)
    for stranger in (manager, make.person(Role.SERVICE_DESK), make.person(Role.EXECUTIVE)):
        with pytest.raises(NotAllowed):
            return_call_request(call_request=request, words="No.", acting_person=stranger)
    for stranger in (desk, make.person()):
        with pytest.raises(NotAllowed):
            withdraw_call_request(call_request=request, acting_person=stranger)


@pytest.mark.parametrize("days", [-1, 91])
def test_the_day_lies_within_reach(account: Account, manager: Person, desk: Person, days: int) -> None:
    due_on = timezone.localdate() + datetime.timedelta(days=days)
    with pytest.raises(Invalid, match="90 days"):
        ask_for_call(account=account, words="Call.", due_on=due_on, acting_person=manager)


def test_what_cannot_be_called_is_not_asked_for(account: Account, manager: Person) -> None:
    with pytest.raises(Invalid, match="Nobody at the service desk"):
        asked(account, manager)
    make.assignment(account, make.person(Role.SERVICE_DESK))
    with pytest.raises(Invalid, match="what the call is for"):
        asked(account, manager, " ")
    Account.objects.filter(pk=account.pk).update(left_on=timezone.localdate())
    account.refresh_from_db()
    with pytest.raises(Invalid, match="has left"):
        asked(account, manager)


def test_the_database_keeps_answers_whole(account: Account, manager: Person, desk: Person) -> None:
    request = asked(account, manager)
    wrong: tuple[dict[str, object], ...] = (
        {"state": "called"},
        {"state": "returned", "answered_at": timezone.now(), "answered_by": desk},
        {"words": ""},
    )
    for change in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            CallRequest.objects.filter(pk=request.pk).update(**change)
