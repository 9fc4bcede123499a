"""Which kinds of records there are of a thing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Contact, Order
from accounts.presence import Places, present
from tests import make

pytestmark = pytest.mark.django_db
PLACES: Places = {"orders": (Order, "account"), "contacts": (Contact, "account")}


def test_it_names_what_there_is_of_any_of_the_things() -> None:
    with_order, with_nothing = make.account(), make.account()
    make.order(with_order, ordered_at=make.ago(days=1))
    assert present(PLACES, [with_order.pk, with_nothing.pk]) == {"orders"}
    assert present(PLACES, [with_nothing.pk]) == frozenset()
    assert present(PLACES, []) == frozenset()


def test_it_asks_once_however_many_there_are() -> None:
    keys = [make.account().pk for _ in range(3)]
    with CaptureQueriesContext(connection) as queries:
        present(PLACES, keys)
    assert len(queries) == 1
