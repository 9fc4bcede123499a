"""Order lines belong to orders that exist, whoever writes or deletes either."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Order, OrderLine
from tests import make

NO_ORDER = 987_654_321


def line_of(order_id: int, position: int = 1) -> OrderLine:
    return OrderLine(order_id=order_id, position=position, sku="X", quantity=1, unit_price=2)


@pytest.mark.django_db
def test_a_line_without_its_order_is_refused_with_all_lines_of_its_statement() -> None:
    order = make.order(make.account())
    with pytest.raises(IntegrityError, match="names an order that does not exist"), transaction.atomic():
        OrderLine.objects.bulk_create([line_of(order.pk), line_of(NO_ORDER)])
    assert not OrderLine.objects.exists()


@pytest.mark.django_db
def test_a_line_does_not_move_to_an_order_that_is_not_there() -> None:
    line = line_of(make.order(make.account()).pk)
    line.save()
    with pytest.raises(IntegrityError, match="names an order that does not exist"), transaction.atomic():
        OrderLine.objects.update(order_id=NO_ORDER)
    line.quantity = 5
    line.save()
    assert OrderLine.objects.get().quantity == 5


@pytest.mark.django_db
def test_lines_go_with_their_order_and_no_others_do() -> None:
    account = make.account()
    going, staying = make.order(account), make.order(account)
    OrderLine.objects.bulk_create([line_of(going.pk, 1), line_of(going.pk, 2), line_of(staying.pk)])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_order WHERE id = %s", [going.pk])
    assert [line.order_id for line in OrderLine.objects.all()] == [staying.pk]


@pytest.mark.django_db
def test_no_line_outlives_the_emptying_of_the_orders() -> None:
    line_of(make.order(make.account()).pk).save()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE accounts_order CASCADE")
    assert not OrderLine.objects.exists()


@pytest.mark.django_db
def test_an_order_keeps_its_id() -> None:
    order = make.order(make.account())
    with pytest.raises(IntegrityError, match="the id of an order does not change"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(id=NO_ORDER)


@pytest.mark.django_db(transaction=True)
def test_an_order_cannot_be_deleted_from_under_a_line_that_is_being_added() -> None:
    order = make.order(make.account())
    is_added, may_delete = threading.Event(), threading.Event()

    def add() -> None:
        with transaction.atomic():
            line_of(order.pk).save()
            is_added.set()
            may_delete.wait(timeout=30)
        connection.close()

    def delete() -> str:
        is_added.wait(timeout=30)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
            try:
                cursor.execute("DELETE FROM accounts_order WHERE id = %s", [order.pk])
                return "deleted"
            except Exception as error:  # noqa: BLE001 - whatever it says is what is asserted
                return str(error)
            finally:
                may_delete.set()
                connection.close()

    with ThreadPoolExecutor(2) as pool:
        adding, told = pool.submit(add), pool.submit(delete).result(timeout=60)
        adding.result(timeout=60)
    assert "lock timeout" in told
    assert OrderLine.objects.get().order_id == order.pk
