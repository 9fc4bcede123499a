"""Taking the demo company out again, and only it."""

from typing import Final

from django.db import connection, transaction

from accounts.models import Account, AuditEntry, SignalChange
from departments.models import Person
from retention.demo.loading import SOURCE
from retention.demo.words import DOMAIN

LOADED: Final = "demo.load"

# Whatever hangs on customers, people, products and releases goes with them; departments, types and rules stay.
CLEAR_SQL: Final = """
    TRUNCATE accounts_account, accounts_product, accounts_auditentry, accounts_accountchange, accounts_signalchange,
        departments_person, departments_release, departments_causecode, retention_trend, retention_budget,
        retention_modelversion CASCADE
"""


def loaded() -> AuditEntry | None:
    """Return the note of a demo company that was loaded to the end."""
    return AuditEntry.objects.filter(verb=LOADED).first()


def holds_other_data() -> bool:
    """Return whether there are customers or people that are not the demo's."""
    others = Account.objects.exclude(source=SOURCE).exists()
    return others or Person.objects.exclude(email__endswith=f"@{DOMAIN}").exists()


def is_begun() -> bool:
    """Return whether some of a demo company is there, be it all of it or what an interrupted load left."""
    return Account.objects.exists() or Person.objects.exists() or SignalChange.objects.exists()


@transaction.atomic
def clear() -> None:
    """Empty the database of customers, people and scores; call it only where all of them are the demo's."""
    with connection.cursor() as cursor:
        # What is still to be checked at the end of the transaction would forbid it.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(CLEAR_SQL)
