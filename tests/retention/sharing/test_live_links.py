"""Live links: made by executives, read by anybody who holds them, until they are ended or expire."""

import datetime
import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.errors import Conflict, NotAllowed
from accounts.models import AuditEntry
from departments.models import Person, Role, State
from retention.models import LiveLink, LiveLinkOpen
from retention.sharing.actions import digest_of, end_live_link, make_live_link
from retention.sharing.views import OPENS, network_of
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def executive() -> Person:
    return make.person(Role.EXECUTIVE)


def made(executive: Person, segment: str = "") -> tuple[LiveLink, str]:
    return make_live_link(name="Board", segment=segment, days=30, acting_person=executive)


def opened(token: str) -> int:
    return Client().get(reverse("live", args=[token])).status_code


def test_whoever_holds_the_link_reads_the_scorecard_without_an_account(executive: Person) -> None:
    link, token = made(executive)
    answer = Client().get(reverse("live", args=[token]))
    assert answer.status_code == 200
    assert "Revenue at risk, 90 days" in answer.content.decode()
    assert link.opens.count() == 1


def test_only_the_digest_of_the_secret_is_kept(executive: Person) -> None:
    link, token = made(executive)
    assert link.digest == digest_of(token)
    assert all(token not in str(value) for row in LiveLink.objects.values() for value in row.values())
    assert token not in str(list(AuditEntry.objects.values()))


def test_no_search_engine_or_cache_keeps_the_page_and_no_page_learns_of_it(executive: Person) -> None:
    headers = Client().get(reverse("live", args=[made(executive)[1]])).headers
    assert "noindex" in headers["X-Robots-Tag"]
    assert "no-store" in headers["Cache-Control"]
    assert headers["Referrer-Policy"] == "no-referrer"


def test_it_names_no_customer_and_shows_its_own_segment_alone(executive: Person) -> None:
    account = make.account("Quernstone Ltd", segment="Retail", left_on=timezone.localdate())
    make.incident(account, shares={make.department("shipping"): 1.0}, state=State.DISPUTED)
    make.account("Other", segment="Wholesale")
    _, token = made(executive, "Retail")
    page = Client().get(reverse("live", args=[token]) + "?segment=Wholesale").content.decode()
    assert "Quernstone" not in page
    assert "· Retail ·" in page


def test_it_leads_nowhere_that_needs_an_account(executive: Person) -> None:
    page = Client().get(reverse("live", args=[made(executive)[1]])).content.decode()
    places = set(re.findall(r'<a [^>]*href="([^"]*)"', page))
    assert {place for place in places if not place.startswith("#")} == set()


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_for_reading(executive: Person, method: str) -> None:
    _, token = made(executive)
    assert getattr(Client(), method)(reverse("live", args=[token])).status_code == 405


def test_an_ended_link_shows_nothing(executive: Person) -> None:
    link, token = made(executive)
    end_live_link(link=link, acting_person=executive)
    assert opened(token) == 404
    with pytest.raises(Conflict):
        end_live_link(link=link, acting_person=executive)


def test_an_expired_link_shows_nothing(executive: Person) -> None:
    link, token = made(executive)
    past = timezone.now() - datetime.timedelta(days=2)
    LiveLink.objects.filter(pk=link.pk).update(made_at=past, expires_at=past + datetime.timedelta(days=1))
    assert opened(token) == 404
    assert not LiveLinkOpen.objects.exists()


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.ACCOUNT_MANAGER}])
def test_a_link_ends_with_its_makers_right_to_it(executive: Person, change: dict[str, object]) -> None:
    _, token = made(executive)
    Person.objects.filter(pk=executive.pk).update(**change)
    assert opened(token) == 404


def test_a_wrong_secret_shows_nothing() -> None:
    assert opened("guessed") == 404


def test_nobody_may_try_without_end(executive: Person) -> None:
    _, token = made(executive)
    answers = {opened("guessed") for _ in range(OPENS)}
    assert (answers, opened(token)) == ({404}, 429)


def test_looking_ahead_is_not_counted_as_opened(executive: Person) -> None:
    link, token = made(executive)
    Client().head(reverse("live", args=[token]))
    assert link.opens.count() == 0


@pytest.mark.parametrize(
    ("place", "network"),
    [("192.0.2.77", "192.0.2.0/24"), ("2001:db8:1:2::5", "2001:db8:1::/48"), ("", ""), ("unknown", "")],
)
def test_of_an_address_only_its_network_is_kept(place: str, network: str) -> None:
    assert network_of(place) == network


def test_an_executive_makes_a_link_and_sees_its_address_once(executive: Person, client: Client) -> None:
    client.force_login(executive)
    page = client.post(reverse("live_links"), {"name": "Board", "segment": "", "days": "30"}).content.decode()
    (token,) = re.findall(r"/live/([\w-]{43})\"", page)[:1]
    assert opened(token) == 200
    again = client.get(reverse("live_links")).content.decode()
    assert token not in again
    assert "1 time" in again
    assert executive.name in again


def test_a_link_must_say_for_whom(executive: Person, client: Client) -> None:
    client.force_login(executive)
    answer = client.post(reverse("live_links"), {"name": " ", "segment": "", "days": "30"})
    assert (answer.status_code, LiveLink.objects.count()) == (400, 0)


def test_an_administrator_ends_links_and_makes_none(executive: Person, client: Client) -> None:
    administrator = make.person(Role.ADMINISTRATOR)
    with pytest.raises(NotAllowed):
        made(administrator)
    link, token = made(executive)
    client.force_login(administrator)
    client.post(reverse("live_link_end", args=[link.public_id]))
    link.refresh_from_db()
    assert (link.ended_by, opened(token)) == (administrator, 404)
    verbs = AuditEntry.objects.filter(subject=link.public_id).values_list("verb", flat=True)
    assert set(verbs) == {"live_link.make", "live_link.end"}
