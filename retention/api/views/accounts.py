"""Accounts, their scores, and what passed between us."""

from django.db.models import BooleanField, Case, QuerySet, Value, When
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions import log_contact, take_order
from accounts.models import Account, Order, Touchpoint
from departments.actions.undoable import of_contact, of_order
from departments.models import Capability
from retention.api.bulk import answer, items_of
from retention.api.callers import caller
from retention.api.filters import AccountFilters, OrderFilters, TouchpointFilters
from retention.api.intake import take_orders
from retention.api.serializers.accounts import (
    AccountDetail,
    AccountSerializer,
    OrderDetail,
    OrderSerializer,
    TouchpointSerializer,
)
from retention.api.serializers.bulk import Orders, ResultsSerializer
from retention.api.serializers.inputs import ContactLog, OrderTaken
from retention.api.serializers.scores import standing_overrides_for
from retention.api.views.common import UNDO, Records


class AccountViewSet(Records[Account]):
    """Customers with their risk; those who keep an account's books see all of it."""

    queryset = Account.objects.select_related("score__model")
    serializer_class = AccountSerializer
    detail_serializer_class = AccountDetail
    filterset_class = AccountFilters

    def get_queryset(self) -> QuerySet[Account]:
        """Return accounts that know whether their book is open to the caller."""
        accounts = super().get_queryset()
        if self.action == "retrieve":
            accounts = accounts.prefetch_related("contacts", "holdings__product")
        overrides = standing_overrides_for(caller(self.request), "overrides")
        return accounts.prefetch_related(overrides).annotate(book_is_open=self._book_is_open())

    def _book_is_open(self) -> Case | Value:
        open_to_caller = caller(self.request).open_book_account_ids()
        if open_to_caller is None:
            return Value(value=True)
        when = When(pk__in=open_to_caller, then=Value(value=True))
        return Case(when, default=Value(value=False), output_field=BooleanField())


class OrderViewSet(Records[Order]):
    """Purchases: taken by whoever may take one on a call, or sent by the set by another system."""

    queryset = Order.objects.select_related("account")
    serializer_class = OrderSerializer
    detail_serializer_class = OrderDetail
    filterset_class = OrderFilters
    capabilities = {"create": Capability.TAKE_ORDERS, "bulk": Capability.SEND_FACTS}
    integrations_may = ("list", "retrieve", "bulk")

    def get_queryset(self) -> QuerySet[Order]:
        """Return orders, a single one with its lines."""
        orders = super().get_queryset()
        return orders if self.action == "list" else orders.prefetch_related("lines")

    @extend_schema(parameters=[UNDO], request=OrderTaken, responses={201: OrderDetail})
    def create(self, request: Request) -> Response:
        """Take an order on the spot."""
        given, person = self.read(OrderTaken), caller(request)
        order = self.take(of_order(given["account"], person), lambda: take_order(**given, acting_person=person))
        return self.show_created(order.pk)

    @extend_schema(request=Orders, responses=ResultsSerializer)
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Send up to 5,000 orders; each is taken or refused by itself. Their lines come by import."""
        return Response(answer(take_orders(items_of(request.data), caller(request))))


class TouchpointViewSet(Records[Touchpoint]):
    """Calls, visits and mails."""

    queryset = Touchpoint.objects.select_related("account", "contact", "person", "order_taken")
    serializer_class = TouchpointSerializer
    filterset_class = TouchpointFilters
    capabilities = {"create": Capability.LOG_CONTACT}

    @extend_schema(parameters=[UNDO], request=ContactLog, responses={201: TouchpointSerializer})
    def create(self, request: Request) -> Response:
        """Log a contact by the caller."""
        given, person = self.read(ContactLog), caller(request)
        undoing = of_contact(given["account"], person)
        touchpoint = self.take(undoing, lambda: log_contact(**given, acting_person=person))
        return self.show_created(touchpoint.pk)
