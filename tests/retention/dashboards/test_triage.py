"""The triage desk: whose answer is needed, in which order, and what each role sees of it."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from departments.actions import handoffs
from departments.actions.incidents import accept
from departments.models import Answer, Department, Incident, Person, Role, RowsUndo, State
from retention.dashboards import triage_counts
from retention.dashboards import triage_queue as queue
from retention.dashboards.triage_cards import bounces, desks
from retention.dashboards.triage_filters import TriageFilters
from retention.dashboards.triage_live import newest_event
from retention.dashboards.triage_queue import Cursor, CursorError, View, ordered
from retention.dashboards.triage_unheld import UNHELD
from retention.keeping import keep
from retention.models import SavedView
from tests import make

pytestmark = pytest.mark.django_db
DESK = "triage_department"


@pytest.fixture
def shipping() -> Department:
    return make.department("shipping")


@pytest.fixture
def billing() -> Department:
    return make.department("billing")


def page_for(person: Person, slug: str, **query: str) -> str:
    client = Client()
    client.force_login(person)
    return client.get(reverse(DESK, args=[slug]), query).content.decode()


def titles(department: Department, view: View = View.NEW, text: str = "") -> list[str]:
    return [one.title for one in queue.ordered(department, view, text, timezone.now())]


def due_in(**span: float) -> datetime.datetime:
    return timezone.now() + datetime.timedelta(**span)


def test_the_urgent_comes_before_the_dearer_that_has_time(shipping: Department) -> None:
    make.incident(shares={shipping: 1.0}, title="dear, two days left", money_at_risk=1000.0, due_at=due_in(days=2))
    make.incident(shares={shipping: 1.0}, title="cheaper, a day late", money_at_risk=600.0, due_at=due_in(days=-1))
    make.incident(shares={shipping: 1.0}, title="slight, a day late", money_at_risk=10.0, due_at=due_in(days=-1))
    assert titles(shipping) == ["cheaper, a day late", "dear, two days left", "slight, a day late"]


def test_weeks_past_due_do_not_drown_what_is_dear(shipping: Department) -> None:
    make.incident(shares={shipping: 1.0}, title="old and slight", money_at_risk=10.0, due_at=due_in(days=-60))
    make.incident(shares={shipping: 1.0}, title="dear", money_at_risk=5000.0, due_at=due_in(hours=-1))
    assert titles(shipping) == ["dear", "old and slight"]


def test_what_others_ask_for_needs_an_answer_too(shipping: Department, billing: Department) -> None:
    incident = make.incident(shares={billing: 1.0}, title="Wrong address")
    make.hand_off(incident, shipping)
    page = page_for(make.head(shipping), "shipping")
    assert "Handed to you by Billing: Wrong address" in page


def test_what_waits_for_others_stands_on_its_own_tab(shipping: Department, billing: Department) -> None:
    incident = make.incident(shares={shipping: 1.0}, title="Wrong address")
    handoffs.hand_off(
        incident=incident,
        to=billing,
        reason="caused_elsewhere",
        words="They typed it.",
        expected="",
        share=1.0,
        acting_person=make.head(shipping),
    )
    assert titles(shipping) == []
    assert titles(shipping, View.WAITING) == ["Wrong address"]
    assert titles(billing) == ["Wrong address"]


def test_merged_incidents_are_on_nobodys_desk(shipping: Department) -> None:
    whole = make.incident(shares={shipping: 1.0}, title="whole")
    make.incident(shares={shipping: 1.0}, title="part", merged_into=whole, state=State.RESOLVED)
    assert titles(shipping) == ["whole"]


@pytest.mark.parametrize("text", ["six DAYS", "castle", "late_shipment".replace("_", " ")])
def test_the_filter_looks_at_incident_account_and_type(shipping: Department, text: str) -> None:
    kind = make.friction_type("late_shipment", department=shipping, name="Late shipment")
    castle = make.account("Castle Gifts")
    make.incident(castle, kind, shares={shipping: 1.0}, title="Six days on the road")
    other = make.friction_type("wrong_product", department=shipping, name="Wrong product")
    make.incident(make.account("Fjord"), other, shares={shipping: 1.0}, title="Red for blue")
    assert titles(shipping, View.NEW, text) == ["Six days on the road"]


def test_pages_follow_each_other_without_gap_or_repeat(shipping: Department) -> None:
    for number in range(queue.PAGE * 2 + 3):
        make.incident(shares={shipping: 1.0}, title=f"number {number}", money_at_risk=float(number % 7))
    moment, cursor, seen = timezone.now(), None, []
    while True:
        page = queue.page(queue.branches(shipping, View.NEW, "", moment), cursor, moment)
        seen += [one.pk for one in page.incidents]
        if page.following is None:
            break
        cursor = Cursor.decoded(page.following)
    assert len(seen) == len(set(seen)) == queue.PAGE * 2 + 3


def test_what_others_ask_stands_among_what_is_held(shipping: Department, billing: Department) -> None:
    for number in range(queue.PAGE):
        make.incident(shares={shipping: 1.0}, title=f"held {number}", money_at_risk=10.0 * number)
    for number in range(queue.PAGE):
        make.hand_off(make.incident(shares={billing: 1.0}, money_at_risk=10.0 * number + 5), shipping)
    moment = timezone.now()
    whole = list(queue.ordered(shipping, View.NEW, "", moment))
    first = queue.page(queue.branches(shipping, View.NEW, "", moment), None, moment)
    assert first.following is not None
    second = queue.page(queue.branches(shipping, View.NEW, "", moment), Cursor.decoded(first.following), moment)
    assert [*first.incidents, *second.incidents] == whole
    assert second.following is None


@pytest.mark.parametrize("view", queue.DESK_OF)
def test_the_first_page_of_a_tab_is_what_it_holds_in_order(
    shipping: Department, billing: Department, view: View
) -> None:
    for number, state in enumerate([*queue.DESK_OF.values()] * 4):
        late = due_in(hours=12 * (number % 5) - 24)
        make.incident(shares={shipping: 1.0}, state=state, money_at_risk=10.0 * number, due_at=late)
        make.incident(shares={billing: 0.6, shipping: 0.4}, state=State.IN_WORK, money_at_risk=7.0 * number)
    make.hand_off(make.incident(shares={billing: 1.0}), shipping)
    moment = timezone.now()
    parts = queue.branches(shipping, view, "", moment)
    assert queue.first_page(shipping, view, moment) == queue.page(parts, None, moment)


@pytest.mark.parametrize("view", queue.DESK_OF)
def test_the_first_page_is_in_order_whatever_is_due_when_and_whoever_asks(
    shipping: Department, billing: Department, view: View
) -> None:
    moment, days = timezone.now(), queue.URGENCY_DAYS
    for number, late in enumerate([-9 * days, -2 * days, -days, -1.0, 0.5, days, 2 * days] * 5):
        due_at = moment + datetime.timedelta(days=late)
        incident = make.incident(
            shares={shipping: 0.6, billing: 0.4},
            state=queue.DESK_OF[view],
            money_at_risk=number % 4 * 0.7,
            due_at=due_at,
        )
        if number % 6 == 0:
            # What it holds and is asked to answer for wholly is due when the answer is.
            make.hand_off(incident, shipping, from_department=billing, answer_due_at=moment)
    parts = queue.branches(shipping, view, "", moment)
    first = queue.first_page(shipping, view, moment)
    assert (len(first.incidents), first) == (queue.PAGE, queue.page(parts, None, moment))


def test_a_row_says_whom_and_what_its_incident_refers_to(shipping: Department, billing: Department) -> None:
    clerk = make.member(shipping, name="Dana Clerk")
    seller = make.person(name="Rae Seller")
    make.incident(shares={shipping: 1.0}, reporter=seller, assignee=clerk)
    make.incident(shares={shipping: 1.0}, cause=make.cause(shipping, "Wrong label"))
    make.incident(shares={billing: 0.6, shipping: 0.4}, state=State.IN_WORK)
    head = make.head(shipping)
    page = page_for(head, "shipping")
    for words in ("Rae Seller, account manager", ">Dana Clerk</a>", "cause: Wrong label"):
        assert words in page
    assert f"{billing} holds it" in page_for(head, "shipping", tab="in_work")


def test_what_was_resolved_is_counted_up_to_a_most(
    shipping: Department, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setattr(triage_counts, "MOST_COUNTED", 2)
    client.force_login(make.head(shipping))
    for said in ('Resolved <span class="tab-count">1</span>', *['Resolved <span class="tab-count">2+</span>'] * 2):
        make.incident(shares={shipping: 1.0}, state=State.RESOLVED)
        assert said in client.get(reverse(DESK, args=["shipping"])).content.decode()


@pytest.mark.parametrize("field", ["q", "with", "tab"])
def test_a_zero_byte_in_the_address_is_left_out(shipping: Department, client: Client, field: str) -> None:
    make.incident(shares={shipping: 1.0}, title="Six days on the road")
    client.force_login(make.head(shipping))
    page = client.get("/triage/shipping", {field: "\0"})
    assert "Six days on the road" in page.content.decode()


def test_a_broken_address_of_a_page_is_refused_with_a_sentence(shipping: Department) -> None:
    with pytest.raises(CursorError):
        Cursor.decoded("nonsense")
    client = Client()
    client.force_login(make.head(shipping))
    assert client.get(reverse(DESK, args=["shipping"]), {"after": "nonsense"}).status_code == 400


def test_each_tab_counts_what_it_shows(shipping: Department, billing: Department) -> None:
    for state in (State.NEW, State.IN_WORK, State.DISPUTED, State.RESOLVED):
        make.incident(shares={shipping: 1.0}, state=state)
    make.hand_off(make.incident(shares={billing: 1.0}), shipping)
    moment = timezone.now()
    counted = triage_counts.counts(shipping, moment)
    assert {view: counted[view.value] for view in queue.TABS} == {
        view: queue.on_desk(shipping, view, moment).count() for view in queue.TABS
    }
    assert counted["new"] == 2


def test_what_is_open_and_past_due_is_counted_as_it_is_listed(shipping: Department) -> None:
    moment = timezone.now()
    for number, state in enumerate(State):
        for due_at in (moment - datetime.timedelta(days=9 * number), moment, due_in(hours=1)):
            make.incident(shares={shipping: 1.0}, state=state, due_at=due_at)
    counted = triage_counts.counts(shipping, moment)
    listed = {view: queue.on_desk(shipping, view, moment).count() for view in (View.OPEN, View.PAST_DUE)}
    assert {view: counted[view.value] for view in listed} == listed == {View.OPEN: 12, View.PAST_DUE: 3}


def test_a_department_does_not_see_anothers_desk(shipping: Department, billing: Department) -> None:
    client = Client()
    client.force_login(make.head(billing))
    assert client.get(reverse(DESK, args=["shipping"])).status_code == 404


def test_an_account_manager_has_no_desk(shipping: Department) -> None:
    client = Client()
    client.force_login(make.person())
    assert client.get(reverse("triage")).status_code == 403


def test_an_executive_chooses_a_department_and_has_no_buttons(shipping: Department) -> None:
    make.incident(shares={shipping: 1.0})
    client = Client()
    client.force_login(make.person(Role.EXECUTIVE))
    assert shipping.name in client.get(reverse("triage")).content.decode()
    assert "data-act" not in client.get(reverse(DESK, args=["shipping"])).content.decode()


def test_a_member_may_take_it_on_and_no_more(shipping: Department) -> None:
    make.incident(shares={shipping: 1.0})
    page = page_for(make.member(shipping), "shipping")
    assert "Take it on" in page
    assert 'data-act="accept"' not in page


def test_the_departments_with_most_at_stake_come_first(shipping: Department, billing: Department) -> None:
    make.incident(shares={shipping: 1.0}, money_at_risk=10.0)
    make.incident(shares={billing: 1.0}, money_at_risk=500.0)
    client = Client()
    client.force_login(make.person(Role.EXECUTIVE))
    shown = client.get(reverse("triage")).context["departments"]
    assert [one.department.slug for one in shown][:2] == ["billing", "shipping"]
    assert (shown[0].open, shown[0].unanswered, shown[0].past_due, shown[0].money) == (1, 1, 1, 500.0)
    assert (shown[-1].open, shown[-1].money) == (0, 0.0)


def test_a_head_lands_on_the_own_desk(shipping: Department) -> None:
    client = Client()
    client.force_login(make.head(shipping))
    assert client.get(reverse("triage"))["Location"] == reverse(DESK, args=["shipping"])


def test_htmx_gets_the_rows_alone(shipping: Department) -> None:
    make.incident(shares={shipping: 1.0}, title="Late shipment")
    client = Client(headers={"HX-Request": "true"})
    client.force_login(make.head(shipping))
    part = client.get(reverse(DESK, args=["shipping"])).content.decode()
    assert "Late shipment" in part
    assert "<html" not in part


def test_the_desk_takes_as_many_queries_for_many_rows_as_for_few(shipping: Department, billing: Department) -> None:
    head = make.head(shipping)

    def measured() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page_for(head, "shipping")
        return len(queries)

    def fill() -> None:
        make.incident(shares={shipping: 1.0})
        make.hand_off(make.incident(shares={billing: 1.0}), shipping)

    fill()
    page_for(head, "shipping")
    few = measured()
    for _ in range(8):
        fill()
    assert measured() == few


def test_exported_rows_are_those_of_the_tab(shipping: Department) -> None:
    make.incident(make.account("=cmd()"), shares={shipping: 1.0}, title="Late")
    make.incident(shares={shipping: 1.0}, state=State.IN_WORK, title="In work already")
    client = Client()
    client.force_login(make.head(shipping))
    response = client.get(reverse("triage_export", args=["shipping"]), {"tab": "new"})
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]  # it streams
    assert "Late,'=cmd()" in text
    assert "In work already" not in text


def test_causes_are_weighed_by_money_and_share(shipping: Department, billing: Department) -> None:
    cause = make.cause(shipping, "Carrier missed the pick-up")
    made: dict[str, Any] = {"state": State.RESOLVED, "cause": cause}
    make.incident(shares={shipping: 1.0}, money_at_risk=100.0, **made)
    make.incident(shares={shipping: 0.75, billing: 0.25}, money_at_risk=400.0, **made)
    make.incident(shares={shipping: 1.0}, money_at_risk=50.0)
    desk = desks([shipping, billing], timezone.now())[shipping.pk]
    assert desk.causes_are_named
    assert [(bar.label, round(bar.money)) for bar in desk.bars] == [(cause.name, 400), ("cause not named yet", 50)]


def test_returns_are_counted_by_pair_whoever_asked(shipping: Department, billing: Department) -> None:
    answered = {"answer": Answer.RETURNED, "answered_at": timezone.now()}
    make.hand_off(make.incident(shares={shipping: 1.0}), billing, **answered)
    make.hand_off(make.incident(shares={billing: 1.0}), shipping, **answered)
    found = bounces([shipping], make.ago(days=90))[shipping.pk]
    assert [(one.department, one.incidents) for one in found.pairs] == [(billing.name, 2)]


def test_the_incidents_behind_the_returns_can_be_looked_at(shipping: Department, billing: Department) -> None:
    incident = make.incident(shares={shipping: 1.0}, title="To and fro", state=State.DISPUTED)
    make.hand_off(incident, billing, answer=Answer.RETURNED, answered_at=timezone.now())
    assert titles(shipping, View.BOUNCED) == ["To and fro"]


def test_an_empty_desk_says_so(shipping: Department) -> None:
    assert "Nothing needs an answer" in page_for(make.head(shipping), "shipping")
    assert not Incident.objects.exists()


def narrowed(department: Department, query: str) -> list[str]:
    """The titles of all that is open, narrowed as an address says."""
    filters = TriageFilters(QueryDict(query), department=department)
    found = filters.narrow(ordered(department, View.OPEN, "", timezone.now()), timezone.now())
    return [incident.title for incident in found]


def test_filters_combine(shipping: Department) -> None:
    ana = make.member(shipping, name="Ana Reed")
    big = make.account(segment="Retail", annual_revenue=Decimal(90_000))
    small = make.account(segment="Trade", annual_revenue=Decimal(900))
    old = make.ago(days=20)
    grave: dict[str, Any] = {"severity": 0.9, "shares": {shipping: 1.0}}
    make.incident(big, title="all", assignee=ana, happened_at=old, **grave)
    make.incident(big, title="young", assignee=ana, **grave)
    make.incident(small, title="small", assignee=ana, happened_at=old, **grave)
    make.incident(big, title="nobody's", happened_at=old, **grave)
    make.incident(big, title="slight", assignee=ana, severity=0.1, shares={shipping: 1.0}, happened_at=old)
    query = f"person={ana.public_id}&type=late_shipment&severity=severe&segment=Retail&value=1000&age=10"
    assert narrowed(shipping, query) == ["all"]
    assert narrowed(shipping, "person=nobody") == ["nobody's"]
    assert set(narrowed(shipping, "segment=Retail&segment=Trade&severity=severe")) == {
        *("all", "young", "small", "nobody's")
    }


def test_a_filter_that_cannot_be_is_left_out(shipping: Department) -> None:
    make.incident(shares={shipping: 1.0}, title="one")
    assert narrowed(shipping, "person=somebody&value=-3&age=old&segment=Nowhere") == ["one"]


def test_what_came_back_to_us_is_found(shipping: Department, billing: Department) -> None:
    back = make.incident(shares={shipping: 1.0}, title="back", state=State.DISPUTED)
    make.incident(shares={shipping: 1.0}, title="never left")
    make.hand_off(back, billing, answer=Answer.RETURNED, answered_at=timezone.now())
    assert narrowed(shipping, "returned=on") == ["back"]


def test_figures_lead_to_their_incidents(shipping: Department, billing: Department) -> None:
    answered: dict[str, Any] = {"recorded_at": make.ago(hours=1), "answered_at": timezone.now()}
    again = make.incident(shares={shipping: 1.0}, title="again", reopened=1, **answered)
    legal = make.department("legal")
    for other in (billing, legal):
        incident = make.incident(shares={shipping: 1.0}, title=f"to {other.slug}", **answered)
        make.hand_off(incident, other, answer=Answer.RETURNED, answered_at=timezone.now())
    assert titles(shipping, View.REOPENED) == [again.title]
    assert set(titles(shipping, View.ANSWERED)) == {"again", "to billing", "to legal"}
    bounced = ordered(shipping, View.BOUNCED, "", timezone.now(), "legal")
    assert [incident.title for incident in bounced] == ["to legal"]


def test_what_nobody_answered_for_longest_comes_first(shipping: Department) -> None:
    """What is handed on lies with nobody again; that it was answered before does not make the time shorter."""
    told = {
        "quick": [("reported", 9), ("accepted", 8)],
        "still waiting": [("reported", 3)],
        "waited when it was handed on": [("reported", 20), ("accepted", 19), ("handed_off", 18), ("resolved", 13)],
        "never waited": [("reported", 30), ("accepted", 30), ("resolved", 1)],
    }
    for title, steps in told.items():
        incident = make.incident(shares={shipping: 1.0}, title=title, recorded_at=make.ago(days=steps[0][1]))
        for verb, days in steps:
            incident.events.create(verb=verb, at=make.ago(days=days))
    longest_first = ["waited when it was handed on", "still waiting", "quick", "never waited"]
    assert titles(shipping, View.UNHELD) == longest_first


def test_what_lay_longest_is_told_as_it_is_kept_with_its_age(shipping: Department, client: Client) -> None:
    for title, days in (("a week", 7), ("a day", 1)):
        make.incident(shares={shipping: 1.0}, title=title).events.create(verb="reported", at=make.ago(days=days))
    keep(UNHELD, timezone.now())
    make.incident(shares={shipping: 1.0}, title="later").events.create(verb="reported", at=make.ago(days=80))
    client.force_login(make.head(shipping))
    page = client.get(reverse("triage_department", args=["shipping"]), {"tab": "unheld"})
    assert [row.incident.title for row in page.context["rows"]] == ["a week", "a day"]
    told = page.content.decode().partition("of all that came in 90 days")[2].partition("</p>")[0]
    assert "counted" in told
    narrowed = client.get(reverse("triage_department", args=["shipping"]), {"tab": "unheld", "q": "a day"})
    assert [row.incident.title for row in narrowed.context["rows"]] == ["a day"]


def test_what_happened_is_listed_where_a_department_answers_for_any_of_it(
    shipping: Department, billing: Department
) -> None:
    for title, shares, money in (
        ("all of it", {shipping: 1.0}, 10.0),
        ("most of it", {shipping: 0.7, billing: 0.3}, 30.0),
        ("the rest", {billing: 0.6, shipping: 0.4}, 20.0),
        ("none of it", {billing: 1.0, shipping: 0.0}, 40.0),
    ):
        make.incident(shares=shares, title=title, money_at_risk=money)
    make.incident(shares={shipping: 1.0}, happened_at=make.ago(days=91))
    assert titles(shipping, View.RECENT) == ["most of it", "the rest", "all of it"]
    assert titles(billing, View.RECENT) == ["none of it", "most of it", "the rest"]
    parts = queue.branches(shipping, View.RECENT, "", timezone.now())
    found = queue.page(parts, None, timezone.now()).incidents
    assert [incident.title for incident in found] == ["most of it", "the rest", "all of it"]
    assert queue.count(parts) == len(queue.first_ids(parts, 9)) == 3


def test_others_changes_are_told_and_ones_own_are_not(shipping: Department) -> None:
    head, other = make.head(shipping), make.head(shipping, name="Ana Reed")
    client = Client()
    client.force_login(head)
    address = reverse("triage_changes", args=[shipping.slug])
    before = newest_event()
    accept(incident=make.incident(shares={shipping: 1.0}, title="mine"), acting_person=head)
    assert client.get(address, {"after": before}).status_code == 204
    accept(incident=make.incident(shares={shipping: 1.0}, title="hers"), acting_person=other)
    told = client.get(address, {"after": before}).content.decode()
    assert "Ana Reed: accepted" in told
    assert "hers" in told
    assert "mine" not in told
    # What was told is not told again, until there is more.
    assert client.get(address, {"after": before, "told": newest_event()}).status_code == 204
    assert client.get(address, {"after": "x"}).status_code == 400
    assert client.get(address, {"after": str(before), "told": "x"}).status_code == 400


def test_a_part_of_a_page_is_never_taken_for_the_page(shipping: Department) -> None:
    client = Client()
    client.force_login(make.head(shipping))
    answer = client.get(reverse("triage_department", args=[shipping.slug]))
    assert "HX-Request" in answer.headers["Vary"]


def test_a_view_is_kept_shared_and_removed(shipping: Department) -> None:
    head, other = make.head(shipping), make.head(shipping)
    client, others = Client(), Client()
    client.force_login(head)
    others.force_login(other)
    kept = {"name": "Grave and ours", "query": "tab=open&severity=severe", "is_shared": "on"}
    client.post(reverse("triage_save_view", args=[shipping.slug]), kept)
    view = SavedView.objects.get(page="triage")
    desk = reverse("triage_department", args=[shipping.slug])
    assert "Grave and ours" in others.get(desk).content.decode()
    forget = reverse("triage_forget_view", args=[view.public_id])
    assert others.post(forget).status_code == 404
    answer = client.post(forget, {"next": f"{desk}?tab=open"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{desk}?tab=open")
    assert not SavedView.objects.exists()
    client.post(reverse("undo", args=[RowsUndo.objects.latest("pk").batch]))
    assert SavedView.objects.get().query == kept["query"]


def test_a_view_that_was_overwritten_is_had_back(shipping: Department) -> None:
    client = Client()
    client.force_login(make.head(shipping))
    for query in ("tab=open", "tab=resolved"):
        client.post(reverse("triage_save_view", args=[shipping.slug]), {"name": "Mine", "query": query})
    client.post(reverse("undo", args=[RowsUndo.objects.latest("pk").batch]))
    assert SavedView.objects.get().query == "tab=open"


def test_a_view_of_too_many_filters_is_refused_for_that_reason(shipping: Department) -> None:
    client = Client()
    client.force_login(make.head(shipping))
    kept = {"name": "Mine", "query": "&".join(["person=nobody"] * 50)}
    answer = client.post(reverse("triage_save_view", args=[shipping.slug]), kept, follow=True)
    assert "so many filters" in answer.content.decode()


def test_what_narrows_the_desk_is_named_and_left_out_one_by_one(shipping: Department) -> None:
    query = "tab=open&q=late&person=nobody&severity=severe&severity=slight&value=1000&age=2&returned=on"
    client = Client()
    client.force_login(make.head(shipping))
    assert (
        "with nobody yet"
        in client.get(f"{reverse('triage_department', args=[shipping.slug])}?{query}").content.decode()
    )
    filters = TriageFilters(QueryDict(query), department=shipping)
    chips = {chip.words: chip.url for chip in filters.chips([("tab", "open")])}
    assert list(chips) == [
        *("with nobody yet", "severe", "slight"),
        *("worth £1,000 or more a year", "2 or more days old", "returned to us or disputed with us"),
    ]
    assert chips["severe"] == "?tab=open&person=nobody&severity=slight&value=1000&age=2&returned=on"
