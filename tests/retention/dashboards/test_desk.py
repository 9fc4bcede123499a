"""The service desk: whom to call first, with what in hand, and what a call leaves behind."""

import datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Order, Touchpoint
from departments.models import Incident, Person, Role
from retention.dashboards.desk_account import case_of
from retention.dashboards.desk_list import MOST_OVERDUE, call_list
from retention.models import Score
from retention.scoring.versions import ensure_active_version
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper() -> Person:
    return make.person(Role.SERVICE_DESK)


def kept(keeper: Person, name: str, *, risk: float, revenue: float, days: float | None, **fields: object) -> Account:
    account = make.account(name, annual_revenue=Decimal(revenue), **fields)
    make.assignment(account, keeper)
    Score.objects.create(
        account=account,
        model=ensure_active_version(),
        as_of=timezone.now(),
        log_odds=0.0,
        risk=risk,
        risk_low=risk,
        risk_high=risk,
        baseline=risk,
        points=[],
        not_attributed=0.0,
        friction_points=0.0,
        annual_revenue=revenue,
    )
    if days is not None:
        make.touchpoint(account, keeper, happened_at=make.ago(days=days))
    return account


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def address(account: Account) -> str:
    return reverse("desk_account", args=[account.public_id])


def names(keeper: Person) -> list[str]:
    return [account.name for account in call_list(keeper, timezone.now())]


def test_risk_value_and_overdue_contact_multiply(keeper: Person) -> None:
    make.organisation(contact_cadence_days=30)
    kept(keeper, "risky and just called", risk=0.8, revenue=10_000, days=1)
    kept(keeper, "less risky and overdue", risk=0.2, revenue=10_000, days=45)
    kept(keeper, "small and overdue", risk=0.2, revenue=1_000, days=45)
    assert names(keeper) == ["less risky and overdue", "small and overdue", "risky and just called"]


def test_an_account_keeps_its_own_cadence(keeper: Person) -> None:
    make.organisation(contact_cadence_days=30)
    kept(keeper, "every month", risk=0.5, revenue=1_000, days=20)
    kept(keeper, "every week", risk=0.5, revenue=1_000, days=20, contact_cadence_days=7)
    assert names(keeper) == ["every week", "every month"]


def test_never_contacted_counts_as_most_overdue(keeper: Person) -> None:
    kept(keeper, "never", risk=0.5, revenue=1_000, days=None)
    assert [account.overdue for account in call_list(keeper, timezone.now())] == [MOST_OVERDUE]


def test_who_has_left_is_not_called(keeper: Person) -> None:
    kept(keeper, "gone", risk=0.9, revenue=1_000, days=90, left_on=timezone.localdate())
    assert names(keeper) == []


def test_others_accounts_are_not_on_the_list(keeper: Person) -> None:
    account = kept(make.person(Role.SERVICE_DESK), "a colleague’s", risk=0.9, revenue=1_000, days=90)
    assert names(keeper) == []
    assert signed_in(keeper).get(address(account)).status_code == 404


def test_the_page_explains_the_rank(keeper: Person) -> None:
    make.organisation(contact_cadence_days=30)
    kept(keeper, "Castle Gifts", risk=0.5, revenue=10_000, days=45)
    page = signed_in(keeper).get(reverse("desk")).content.decode()
    assert "£5,000 at risk × 1.5 overdue" in page


def test_orders_past_their_promise_are_told(keeper: Person) -> None:
    account = kept(keeper, "Castle Gifts", risk=0.5, revenue=10_000, days=1)
    today = timezone.localdate()
    make.order(account, promised_on=today - datetime.timedelta(days=3))
    make.order(account, promised_on=today + datetime.timedelta(days=3))
    make.order(account, promised_on=today - datetime.timedelta(days=9), delivered_on=today)
    case = case_of(account, keeper)
    assert [one.days_late for one in case.under_way] == [3, -3]
    assert case.late == 1


def test_what_similar_accounts_hold_is_offered(keeper: Person) -> None:
    account = kept(keeper, "Castle Gifts", risk=0.5, revenue=10_000, days=1, segment="Retail")
    hosting, backup = make.product("Hosting"), make.product("Backup")
    make.holding(account, hosting)
    for _ in range(3):
        similar = make.account(segment="Retail")
        make.holding(similar, hosting)
        make.holding(similar, backup)
    assert [offer.name for offer in case_of(account, keeper).similar.offers] == ["Backup"]


CALL = {"purpose": "work_in_process", "minutes": "12", "summary": "Two orders discussed.", "severity": "0.5"}


def test_a_call_records_contact_order_and_friction_at_once(keeper: Person) -> None:
    account = kept(keeper, "Castle Gifts", risk=0.5, revenue=10_000, days=40)
    kind = make.friction_type("late_shipment")
    form = CALL | {
        "order_amount": "640.50",
        "friction_type": kind.slug,
        "friction_words": "The last two came late.",
        "next": "1",
    }
    response = signed_in(keeper).post(address(account), form)
    assert response["Location"] == reverse("desk")
    touchpoint = Touchpoint.objects.latest("happened_at")
    assert (touchpoint.minutes, touchpoint.order_taken) == (12, Order.objects.get())
    assert Incident.objects.get().description == "The last two came late."


def test_a_plain_call_takes_no_order_and_reports_nothing(keeper: Person) -> None:
    account = kept(keeper, "Castle Gifts", risk=0.5, revenue=10_000, days=40)
    response = signed_in(keeper).post(address(account), CALL)
    assert response["Location"] == address(account)
    assert not Order.objects.exists()
    assert not Incident.objects.exists()


def test_where_one_part_is_refused_nothing_is_written(keeper: Person) -> None:
    account = kept(keeper, "Castle Gifts", risk=0.5, revenue=10_000, days=None)
    form = CALL | {"order_amount": "640.50", "order_promised_on": "2020-01-01"}
    response = signed_in(keeper).post(address(account), form)
    assert response.status_code == 422
    assert "The promised day lies in the past." in response.content.decode()
    assert not Touchpoint.objects.exists()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"summary": ""}, "This field is required."),
        ({"order_promised_on": "2030-01-01"}, "An order needs an amount."),
        ({"friction_words": "It broke."}, "Say what kind of trouble it was."),
    ],
)
def test_a_form_that_lacks_something_says_what(keeper: Person, wrong: dict[str, str], sentence: str) -> None:
    account = kept(keeper, "Castle Gifts", risk=0.5, revenue=10_000, days=None)
    response = signed_in(keeper).post(address(account), CALL | wrong)
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_an_executive_reads_any_list_and_records_nothing(keeper: Person) -> None:
    account = kept(keeper, "Castle Gifts", risk=0.5, revenue=10_000, days=40)
    client = signed_in(make.person(Role.EXECUTIVE))
    page = client.get(reverse("desk"), {"person": str(keeper.public_id)}).content.decode()
    assert "Castle Gifts" in page
    assert "Save and next" not in page
    assert client.post(address(account), CALL).status_code == 403


def test_an_account_manager_has_no_desk() -> None:
    assert signed_in(make.person()).get(reverse("desk")).status_code == 403


def test_an_empty_desk_says_so(keeper: Person) -> None:
    assert "Nobody to call" in signed_in(keeper).get(reverse("desk")).content.decode()
