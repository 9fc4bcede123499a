"""Scored accounts for the tests of pages: real scores, by the real engine."""

from accounts.models import Account
from retention.models import Score
from retention.scoring.rescoring import rescore_accounts
from retention.scoring.versions import ensure_active_version
from tests import make


def score(*accounts: Account) -> list[Score]:
    """Score the accounts as of now."""
    rescore_accounts(account_ids=[account.pk for account in accounts], version=ensure_active_version())
    return [Score.objects.get(account=account) for account in accounts]


def troubled(name: str = "Castle Gifts Ltd", *, incidents: int = 3, **fields: object) -> Account:
    """Make an account with orders, a contact, and open incidents of shipping."""
    account = make.account(name, **fields)
    for days in (5, 15, 25, 40):
        make.order(account, ordered_at=make.ago(days=days), recorded_at=make.ago(days=days))
    for _ in range(incidents):
        make.incident(account, severity=1.0, happened_at=make.ago(days=3), recorded_at=make.ago(days=3))
    make.contact(account)
    return account
