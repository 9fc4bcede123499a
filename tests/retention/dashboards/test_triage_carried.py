"""What a department carries, by account, against the sum that the desk and the scorecard tell."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from departments.models import Responsibility, Role
from retention.dashboards import triage_carried, triage_carried_kept
from retention.dashboards.budgets import carried_by
from retention.dashboards.triage_carried import carried_at, read_carried
from retention.dashboards.triage_carried_kept import CARRIED
from retention.keeping import keep
from retention.models import Score
from retention.scoring.trends import roll_up
from tests import make
from tests.retention.dashboards.books import score, troubled

pytestmark = pytest.mark.django_db


def test_the_accounts_add_up_to_what_the_desk_says_that_the_department_carries(client: Client) -> None:
    dear, cheap = troubled("Castle Gifts", annual_revenue=90_000), troubled("Fjord", incidents=1)
    shipping = dear.incidents.first().department  # type: ignore[union-attr]  # it has three
    score(dear, cheap)
    roll_up(timezone.localdate())
    executive = make.person(Role.EXECUTIVE)
    found = carried_at(shipping, executive)
    assert [one.account for one in found] == [dear, cheap]
    carried = list(found.values_list("carried", flat=True))
    assert sum(carried) == pytest.approx(carried_by(shipping, timezone.localdate()))
    assert carried == [pytest.approx(part * worth) for part, worth in found.values_list("part", "annual_revenue")]
    client.force_login(executive)
    here = reverse("triage_carried", args=[shipping.slug])
    assert f'href="{here}"' in client.get(reverse("triage_department", args=[shipping.slug])).content.decode()
    assert "at 2 accounts" in client.get(here).content.decode()


def test_it_holds_what_the_reader_sees_of_the_segment_asked_for(client: Client) -> None:
    retail, wholesale = troubled("Castle Gifts", segment="Retail"), troubled("Fjord", segment="Wholesale")
    shipping = retail.incidents.first().department  # type: ignore[union-attr]  # it has three
    score(retail, wholesale)
    head = make.head(shipping)
    assert {one.account for one in carried_at(shipping, head)} == {retail, wholesale}
    assert [one.account for one in carried_at(shipping, head, "Retail")] == [retail]
    client.force_login(head)
    page = client.get(reverse("triage_carried", args=[shipping.slug]), {"segment": "Wholesale"}).content.decode()
    assert ("Fjord" in page, "Castle Gifts" in page) == (True, False)


def test_an_account_that_has_left_is_carried_no_more(client: Client) -> None:
    gone = troubled("Castle Gifts")
    shipping = gone.incidents.first().department  # type: ignore[union-attr]  # it has three
    score(gone)
    Account.objects.filter(pk=gone.pk).update(left_on=timezone.localdate() - datetime.timedelta(days=1))
    score(gone)
    head = make.head(shipping)
    assert not carried_at(shipping, head).exists()
    client.force_login(head)
    assert "It carries nothing" in client.get(reverse("triage_carried", args=[shipping.slug])).content.decode()


def test_what_is_kept_ahead_leads_to_rows_as_they_stand(client: Client) -> None:
    dear, cheap = troubled("Castle Gifts", annual_revenue=90_000), troubled("Fjord", annual_revenue=70_000)
    shipping = dear.incidents.first().department  # type: ignore[union-attr]  # it has three
    score(dear, cheap)
    keep(CARRIED, timezone.now())
    Score.objects.filter(account=dear).update(annual_revenue=1_000)
    for reader in (make.person(Role.EXECUTIVE), make.head(shipping)):
        client.force_login(reader)
        page = client.get(reverse("triage_carried", args=[shipping.slug]))
        assert [one.account for one in page.context["carried"].page] == [cheap, dear]
        assert " counted <time" in page.content.decode()


def test_a_row_that_is_kept_ahead_is_shown_to_whom_it_is_visible_alone(client: Client) -> None:
    seen, unseen = troubled("Castle Gifts"), troubled("Fjord")
    shipping = seen.incidents.first().department  # type: ignore[union-attr]  # it has three
    score(seen, unseen)
    keep(CARRIED, timezone.now())
    Responsibility.objects.filter(account=unseen).delete()
    client.force_login(make.head(shipping))
    page = client.get(reverse("triage_carried", args=[shipping.slug]))
    assert [one.account for one in page.context["carried"].page] == [seen]


def test_beyond_what_is_kept_ahead_pages_are_read_from_the_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triage_carried, "PAGE", 2)
    monkeypatch.setattr(triage_carried_kept, "LEADING", 2)
    accounts = [troubled(f"Castle {place}", annual_revenue=90_000 - place) for place in range(5)]
    shipping = accounts[0].incidents.first().department  # type: ignore[union-attr]  # it has three
    score(*accounts)
    keep(CARRIED, timezone.now())
    executive = make.person(Role.EXECUTIVE)
    pages = [read_carried(shipping, executive, "", number).page for number in ("1", "2", "3")]
    assert [[one.account for one in page] for page in pages] == [accounts[:2], accounts[2:4], accounts[4:]]
    assert {page.paginator.count for page in pages} == {5}
