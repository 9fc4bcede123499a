"""What a department carries, by account, against the sum that the desk and the scorecard tell."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from departments.models import Role
from retention.dashboards.budgets import carried_by
from retention.dashboards.triage_carried import carried_at
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
