"""What the pages say of why: the reason of what moved this week, and feeds that have gone quiet."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from departments.models import Department
from retention.keeping import keep_standing_figures
from retention.scoring.rescoring import rescore_accounts
from retention.scoring.versions import ensure_active_version, renew_prior_version
from tests import make
from tests.retention.dashboards.books import score

pytestmark = pytest.mark.django_db


def steady(name: str) -> Account:
    account = make.account(name)
    for days in (12, 25, 40, 60):
        make.order(account, ordered_at=make.ago(days=days), recorded_at=make.ago(days=days))
    return account


def scored_last_week(*accounts: Account) -> None:
    keys = [account.pk for account in accounts]
    rescore_accounts(account_ids=keys, as_of=make.ago(days=8), version=ensure_active_version())


def troubled_since(account: Account) -> None:
    for _ in range(4):
        make.incident(account, severity=1.0)
    score(account)


def reasons(client: Client) -> dict[str, str]:
    rows = client.get(reverse("portfolio") + "?tab=moved").context["rows"]
    return {row.account.name: row.reason for row in rows}


def test_the_tab_of_what_moved_says_why_it_did(client: Client) -> None:
    accounts = [steady("Castle Gifts"), steady("Abbey Pumps")]
    person = make.manager_of(accounts[0])
    make.assignment(accounts[1], person)
    scored_last_week(*accounts)
    for account in accounts:
        troubled_since(account)
    client.force_login(person)
    found = reasons(client)
    assert set(found) == {"Castle Gifts", "Abbey Pumps"}
    assert all(words.startswith("New: late shipment ×4 (+") for words in found.values())
    exported = b"".join(client.get(reverse("portfolio_export") + "?tab=moved")).decode()
    assert exported.count("New: late shipment ×4") == 2


def test_it_says_so_where_the_model_moved_it(client: Client) -> None:
    account = steady("Castle Gifts")
    make.incident(account, severity=1.0, happened_at=make.ago(days=30), recorded_at=make.ago(days=30))
    scored_last_week(account)
    Department.objects.filter(slug="shipping").update(prior_weight=8.0)
    renew_prior_version()
    score(account)
    client.force_login(make.manager_of(account))
    assert reasons(client)["Castle Gifts"].startswith("Model: another version of the model (+")


def test_a_feed_that_has_gone_quiet_is_named_where_it_once_told_of_the_account(client: Client) -> None:
    account, other = steady("Castle Gifts"), steady("Abbey Pumps")
    for days in (40, 41, 42):
        make.signal(account, happened_at=make.ago(days=days))
    make.signal(other, kind="invoice", data={}, happened_at=make.ago(days=50))
    client.force_login(make.manager_of(account))
    page = client.get(reverse("account", args=[account.public_id]))
    (state,) = page.context["quiet_feeds"]
    assert (state.feed.label, state.words) == ("Shipment", "quiet for 40 days")
    assert "Silence is not absence of friction" in page.content.decode()
    make.signal(other, happened_at=make.ago(days=1))
    assert client.get(reverse("account", args=[account.public_id])).context["quiet_feeds"] == []


def test_orders_and_reports_that_have_gone_quiet_are_named_at_the_accounts_they_told_of(client: Client) -> None:
    account, other = steady("Castle Gifts"), steady("Abbey Pumps")
    for days in range(40, 70):
        moment = make.ago(days=days)
        make.order(account, source="old_shop", ordered_at=moment, recorded_at=moment)
        make.incident(other, reporting_department=make.department("billing"), happened_at=moment, recorded_at=moment)
    keep_standing_figures(moment=timezone.now())
    client.force_login(make.manager_of(account))
    page = client.get(reverse("account", args=[account.public_id]))
    found = {(state.feed.label, state.feed.source): state.words for state in page.context["quiet_feeds"]}
    assert found == {("Orders", "old_shop"): "quiet for 40 days"}
    assert "Orders from old_shop: quiet for 40 days" in page.content.decode()
    client.force_login(make.manager_of(other))
    page = client.get(reverse("account", args=[other.public_id]))
    assert [state.feed.label for state in page.context["quiet_feeds"]] == ["Reported friction"]
