"""Cost of poor quality: what incidents cost directly, and apart from it what they put at risk."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import DecimalField, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from accounts.models import Signal
from accounts.prepared import Prepared, given
from departments.models import Cost, Incident

CREDIT_NOTE = "credit_note"
NO_MONEY = Decimal(0)


@dataclass(frozen=True, slots=True)
class CostLine:
    """One direct cost as the page tells it; `row` is None where a credit note says it."""

    label: str
    amount: Decimal
    words: str
    row: Cost | None
    recorded_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Costs:
    """What an incident cost directly, and what it puts at risk; the two are not added up."""

    lines: Sequence[CostLine]
    at_risk: float | None

    @property
    def direct(self) -> Decimal:
        """Return the direct costs together."""
        return sum((line.amount for line in self.lines), NO_MONEY)


@dataclass(frozen=True, slots=True)
class CostSum:
    """What several incidents cost directly: what people recorded, and what credit notes say."""

    recorded: Decimal
    credited: Decimal

    @property
    def direct(self) -> Decimal:
        """Return both together: a credit that was recorded is not counted again from its note."""
        return self.recorded + self.credited


_STANDING = Prepared(lambda: Cost.objects.standing().filter(incident=given("incident")).select_related("person"))


def costs_of(incident: Incident) -> Costs:
    """Return the incident's costs. A credit note that opened it counts, unless somebody recorded the credit."""
    rows = _STANDING(incident=incident.pk)
    lines = [CostLine(row.get_kind_display(), row.amount, row.words, row, row.recorded_at) for row in rows]
    given = credit_given(incident)
    if given is not None and not any(row.kind == "credit" for row in rows) and incident.signal is not None:
        lines.insert(0, CostLine("Credit given", given, "as the credit note says", None, incident.signal.happened_at))
    return Costs(lines, incident.current_money)


def credit_given(incident: Incident) -> Decimal | None:
    """Return the amount of the credit note that the incident was opened for, if there is one."""
    signal = incident.signal
    if signal is None or signal.kind != CREDIT_NOTE or incident.merged_into_id is not None:
        return None
    amount = signal.data.get("amount")
    if not isinstance(amount, int | float) or amount <= 0:
        return None
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def cost_sum(incidents: QuerySet[Incident]) -> CostSum:
    """Return what the incidents cost together, in two statements."""
    keys = incidents.order_by().values("pk")
    recorded = Cost.objects.standing().filter(incident__in=keys)
    total = recorded.aggregate(total=Sum("amount"))["total"] or NO_MONEY
    # That it has a signal at all is said, too: an index tells it, where few have.
    opened_for = incidents.order_by().filter(signal__isnull=False, signal__kind=CREDIT_NOTE, merged_into=None)
    without = opened_for.exclude(pk__in=recorded.filter(kind="credit").order_by().values("incident"))
    # By the note, since one may have opened incidents of several rules: it was given once.
    notes = Signal.objects.filter(pk__in=without.values("signal")).order_by()
    amount = Cast(KT("data__amount"), DecimalField(max_digits=16, decimal_places=2))
    credited = notes.annotate(credit=amount).filter(credit__gt=0).aggregate(total=Sum("credit"))["total"]
    return CostSum(total, credited or NO_MONEY)
