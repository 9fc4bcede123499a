"""Vacation test, breadth, sales time, innovation and disputes: read from the books, of one segment or of all."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from departments.actions.disputing import dispute, withdraw_dispute
from departments.actions.handoffs import hand_off, return_hand_off, withdraw_hand_off
from departments.actions.undo import undo, undo_of
from departments.models import Adoption, Answer, Commitment, Dispute, Incident, Person, Reason, Release, Role, State
from retention.dashboards.periods import Period
from retention.dashboards.scorecard import Scorecard, read_scorecard
from retention.dashboards.scorecard_care import breadth, innovation, sales_time
from retention.dashboards.scorecard_parts import PARTS
from retention.dashboards.scorecard_vacation import vacation
from retention.dashboards.scorecard_waiting import disputed_at, waiting
from retention.models import Trend
from retention.scoring.absence import Verdict
from tests import make

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 6, 30)
LAST_QUARTER = datetime.date(2026, 3, 31)


def day(month: int, number: int, year: int = 2026) -> datetime.date:
    return datetime.date(year, month, number)


def noon(on: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(on, datetime.time(12), tzinfo=datetime.UTC)


def orders_on(account: Account, days: list[datetime.date]) -> None:
    for one in days:
        make.order(account, ordered_at=noon(one), amount=Decimal(100))


def a_book(manager: Person, *, silent: tuple[datetime.date, datetime.date] | None = None, segment: str = "") -> Account:
    """An account that orders every second day for a year, but for the days on which it is silent."""
    account = make.account(segment=segment, customer_since=day(1, 1, 2020))
    make.assignment(account, manager, starts_on=day(1, 1, 2020))
    days = [TODAY - datetime.timedelta(days=2 * ago) for ago in range(1, 180)]
    orders_on(account, [one for one in days if not (silent and silent[0] <= one <= silent[1])])
    return account


def test_an_absence_is_held_against_the_other_weeks_and_those_who_were_present() -> None:
    away, present = make.person(), make.person()
    a_book(away, silent=(day(3, 2), day(3, 15)))
    a_book(present)
    make.absence(away, starts_on=day(3, 2), ends_on=day(3, 15))
    found = vacation(TODAY, segment="")
    (episode,) = found.episodes
    assert (episode.absence.person, episode.orders) == (away, 0)
    assert episode.account_weeks == pytest.approx(2.0)
    assert episode.expected == pytest.approx(7, rel=0.6)
    assert found.sentence.startswith("Too few absences to tell")


def test_orders_and_accounts_of_a_day_belong_to_whoever_looked_after_them_then() -> None:
    first, second = make.person(), make.person()
    account = make.account(customer_since=day(1, 1), left_on=day(6, 1))
    make.assignment(account, first, starts_on=day(1, 1), ends_on=day(3, 31))
    make.assignment(account, second, starts_on=day(4, 1))
    orders_on(account, [day(2, 2), day(5, 5), day(5, 6)])
    for who in (first, second):
        make.absence(who, starts_on=day(1, 15), ends_on=day(6, 20))
    found = {one.absence.person: one for one in vacation(TODAY, segment="").episodes}
    assert (found[first].orders, found[second].orders) == (1, 2)
    assert found[first].account_weeks == pytest.approx(((day(3, 31) - day(1, 15)).days + 1) / 7)
    assert found[second].account_weeks == pytest.approx((day(6, 1) - day(4, 1)).days / 7)


def test_nothing_is_told_where_nobody_was_away() -> None:
    a_book(make.person())
    found = vacation(TODAY, segment="")
    assert (found.is_known, found.result.away.verdict) == (False, Verdict.TOO_FEW)
    assert found.sentence == "Too few absences to tell (none is on record)"


def test_an_empty_company_has_no_vacation_test() -> None:
    assert vacation(TODAY, segment="").is_known is False


def test_services_are_held_against_those_of_last_quarter() -> None:
    account, product = make.account(), make.product()
    make.holding(account, product, held_from=day(1, 1))
    make.holding(account, make.product("Care"), held_from=day(5, 1))
    make.account(left_on=day(1, 1))
    assert (breadth(TODAY, LAST_QUARTER, segment="").now, breadth(TODAY, LAST_QUARTER, segment="").before) == (2, 1)


def test_sales_time_is_that_of_account_managers_by_purpose() -> None:
    account, manager, desk = make.account(), make.person(), make.person(Role.SERVICE_DESK)
    for on, purpose, minutes in ((day(6, 1), "offer", 30), (day(6, 2), "check_in", 90), (day(3, 1), "offer", 10)):
        make.touchpoint(account, manager, happened_at=noon(on), purpose=purpose, minutes=minutes)
    make.touchpoint(account, desk, happened_at=noon(day(6, 1)), minutes=500)
    found = [(one.label, one.minutes, one.share, one.before) for one in sales_time(TODAY, LAST_QUARTER, segment="")]
    assert found == [("Regular contact", 90, 0.75, 0.0), ("Offering a service", 30, 0.25, 1.0)]


def release(name: str, delivered_on: datetime.date | None) -> Release:
    return Release.objects.create(name=name, delivered_on=delivered_on, external_id=make.number())


def promise(account: Account, release: Release, promised_for: datetime.date) -> None:
    Commitment.objects.create(account=account, release=release, promised_for=promised_for, external_id=make.number())


def test_promises_are_kept_late_or_not_at_all() -> None:
    account = make.account()
    promise(account, release("in time", day(5, 1)), day(5, 1))
    promise(account, release("late", day(5, 2)), day(5, 1))
    promise(account, release("never", None), day(5, 1))
    promise(account, release("to come", None), day(7, 9))
    promise(account, release("long ago", None), day(5, 1, 2025))
    promises = innovation(TODAY, LAST_QUARTER, segment="").promises
    assert (promises.kept, promises.late, promises.broken) == (1, 1, 1)
    assert promises.kept_share == pytest.approx(1 / 3)


def test_what_was_delivered_since_was_not_kept_then() -> None:
    promise(make.account(), release("late", day(6, 2)), day(3, 1))
    found = innovation(TODAY, LAST_QUARTER, segment="")
    assert (found.promises.late, found.promises_before.broken) == (1, 1)


def test_adopters_of_the_last_twelve_months_are_a_share_of_those_who_stay() -> None:
    made = release("a", day(1, 1))
    for adopted_on in (day(5, 1), day(5, 1, 2025)):
        Adoption.objects.create(account=make.account(), release=made, adopted_on=adopted_on, external_id=make.number())
    assert innovation(TODAY, LAST_QUARTER, segment="").adopted == 0.5
    assert innovation(TODAY, LAST_QUARTER, segment="").adopted_before == 0.5


def asked(incident: Incident) -> object:
    return hand_off(
        incident=incident,
        to=make.department("billing"),
        reason=Reason.CAUSED_ELSEWHERE,
        words="It was packed wrongly there.",
        expected="Pack it again.",
        share=1.0,
        acting_person=make.head(make.department("shipping")),
    )


def returned(incident: Incident) -> None:
    made = asked(incident)
    return_hand_off(
        hand_off=made,  # type: ignore[arg-type]  # what asking returns
        words="It was not.",
        acting_person=make.head(make.department("billing")),
    )


def test_a_dispute_is_one_from_its_return_on() -> None:
    incident = make.incident(shares={make.department("shipping"): 1.0})
    before = timezone.now()
    returned(incident)
    assert (disputed_at(before, segment=""), disputed_at(timezone.now(), segment="")) == (0, 1)


def test_what_was_asked_again_and_taken_back_is_disputed_as_before() -> None:
    incident = make.incident(shares={make.department("shipping"): 1.0})
    returned(incident)
    incident.refresh_from_db()
    made = asked(incident)
    assert disputed_at(timezone.now(), segment="") == 0
    withdraw_hand_off(hand_off=made, acting_person=make.head(make.department("shipping")))  # type: ignore[arg-type]  # the same
    assert disputed_at(timezone.now(), segment="") == 1
    incident.refresh_from_db()
    assert incident.state == State.DISPUTED


def test_what_its_holder_disputes_is_disputed_until_it_is_withdrawn_or_taken_back() -> None:
    incident = make.incident(shares={make.department("shipping"): 1.0})
    head = make.head(make.department("shipping"))
    not_ours: dict[str, Any] = {"reason": "caused_elsewhere", "words": "Not ours.", "acting_person": head}
    dispute(incident=incident, **not_ours)
    assert disputed_at(timezone.now(), segment="") == 1
    withdraw_dispute(dispute=Dispute.objects.get(), words="", acting_person=head)
    assert disputed_at(timezone.now(), segment="") == 0
    incident.refresh_from_db()
    dispute(incident=incident, **not_ours)
    batch = undo_of([incident], head)
    assert batch is not None
    undo(batch=batch, acting_person=head)
    assert disputed_at(timezone.now(), segment="") == 0


def test_waiting_is_held_against_what_waited_then() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    executive = make.person(Role.EXECUTIVE)
    old = make.hand_off(
        make.incident(shares={shipping: 1.0}), billing, answer=Answer.ACCEPTED, answered_at=make.ago(days=1)
    )
    type(old).objects.filter(pk=old.pk).update(proposed_at=make.ago(days=9))
    make.hand_off(make.incident(shares={shipping: 1.0}), billing)
    found = waiting(executive, make.ago(days=5), segment="")
    assert (found.asked, found.asked_before) == (1, 1)


def everything(segment: str) -> Account:
    """A customer of a segment with something of every kind that the scorecard counts."""
    manager, shipping = make.person(), make.department("shipping")
    account = a_book(manager, segment=segment)
    make.absence(manager, starts_on=day(3, 2), ends_on=day(3, 15))
    make.touchpoint(account, manager, happened_at=noon(day(6, 1)))
    make.holding(account, make.product(), held_from=day(1, 1))
    made = release(f"for {segment}", day(5, 2))
    promise(account, made, day(5, 1))
    Adoption.objects.create(account=account, release=made, adopted_on=day(5, 1), external_id=make.number())
    incident = make.incident(account, shares={shipping: 1.0}, state=State.DISPUTED, happened_at=noon(day(6, 20)))
    make.signal(account, happened_at=noon(day(6, 10)))
    make.hand_off(incident, make.department("billing"))
    make.account(segment=segment, left_on=day(6, 1))
    for on in (day(5, 30), TODAY):
        for department, money in ((None, 500.0), (shipping, 200.0)):
            Trend.objects.create(
                day=on,
                segment=segment,
                department=department,
                accounts=1,
                accounts_at_risk=1,
                annual_revenue=1000.0,
                revenue_at_risk=money,
            )
    return account


def card(person: Person, segment: str) -> Scorecard:
    return read_scorecard(person=person, segment=segment, moment=noon(TODAY))


def told(card: Scorecard) -> dict[str, object]:
    """Everything that the tiles and tables of a scorecard say, in words."""
    vacation = card.vacation.result
    return {
        "retained": card.compared.retained,
        "lost": (card.compared.lost.count, [account.pk for account in card.lost_dearest]),
        "standing": (card.compared.standing, card.compared.standing_before),
        "months": card.months.chart,
        "rows": [
            (row.department, row.at_risk, row.budget.used, row.rate, row.answers, row.on_time) for row in card.rows
        ],
        "waiting": card.waiting,
        "disputed before": card.disputed_before or None,
        "breadth": card.breadth,
        "sales time": card.sales_time,
        "innovation": card.innovation,
        "vacation": (vacation.away, [(one.absence.pk, one.orders, one.expected) for one in card.vacation.episodes]),
    }


def test_the_segment_holds_for_every_tile() -> None:
    person = make.person(Role.EXECUTIVE)
    everything("Retail")
    alone = told(card(person, ""))
    make.holding(everything("Wholesale"), make.product("Care"), held_from=day(1, 1))
    assert told(card(person, "Retail")) == alone
    both = told(card(person, ""))
    assert [name for name, figures in both.items() if figures == alone[name] and figures is not None] == []


def test_a_week_is_held_against_the_week_before() -> None:
    period = Period.week_to(day(6, 29))
    assert (period.first, period.first_before, period.end_before) == (day(6, 23), day(6, 16), day(6, 22))


@pytest.mark.parametrize("part", PARTS)
def test_each_part_names_what_its_figure_is_made_of(client: Client, part: str) -> None:
    everything("Retail")
    client.force_login(make.person(Role.EXECUTIVE))
    page = client.get(reverse("scorecard_part", args=[part]), {"segment": "Retail"})
    assert page.status_code == 200
    assert f'href="{reverse("method")}#' in page.content.decode()


def test_a_part_that_does_not_exist_is_not_found(client: Client) -> None:
    client.force_login(make.person(Role.EXECUTIVE))
    assert client.get(reverse("scorecard_part", args=["luck"])).status_code == 404


def test_the_scorecard_leads_to_each_part_with_its_segment(client: Client) -> None:
    make.touchpoint(everything("Retail"), make.person())
    client.force_login(make.person(Role.EXECUTIVE))
    page = client.get(reverse("scorecard"), {"segment": "Retail"}).content.decode()
    missing = [part for part in PARTS if f"{reverse('scorecard_part', args=[part])}?segment=Retail" not in page]
    assert missing == []
