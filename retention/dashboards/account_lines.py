"""An account's ledger to the last incident: what is shown at each level adds up to what is shown above it."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Account
from departments.http import PersonRequest
from departments.models import Department, Incident
from retention import formatting
from retention.models import Score
from retention.scoring.explaining import Explanation, IncidentPart, explain
from retention.scoring.ledger import LedgerLine, LineKind
from retention.scoring.rounding import rounded_parts

# Of one type of friction; those that add less are gathered in one line.
MOST_INCIDENTS = 40
TENTHS = 1_000


@dataclass(frozen=True, slots=True)
class Amount:
    """What something adds before it is rounded: points as a share of 1, and what it is made of."""

    label: str
    points: float
    reason: str = ""
    department: Department | None = None
    incident: uuid.UUID | None = None
    parts: Sequence["Amount"] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it is shown: tenths of a point and whole money, that add up to those of the row above."""

    amount: Amount
    tenths: int
    money: int
    level: int

    @property
    def words(self) -> str:
        """Return the points with their sign."""
        return f"{self.tenths / 10:+.1f}".replace("-", formatting.MINUS)


@require_safe
def show_lines(request: PersonRequest, account: uuid.UUID) -> HttpResponse:
    """Show the ledger of an account to the last incident, to those who see its book."""
    customer = get_object_or_404(Account.objects.open_book_to(request.user), public_id=account)
    explanation = explain(customer)
    rows: list[Entry] = []
    if explanation:
        whole = Amount("Risk", explanation.risk, parts=amounts(explanation))
        rows = entries(whole, explanation.annual_revenue)
    context = {
        "account": customer,
        "score": Score.objects.filter(account=customer).select_related("model").first(),
        "total": next(iter(rows), None),
        "entries": rows[1:],
    }
    return render(request, "dashboards/account_lines.html", context)


def amounts(explanation: Explanation) -> list[Amount]:
    """Return the chapters of a ledger with what they are made of, in the order in which it is told."""
    departments = {department.slug: department for department in Department.objects.all()}
    titles = _titles(explanation.parts)
    by_department: dict[str, list[IncidentPart]] = defaultdict(list)
    for part in explanation.parts:
        by_department[part.department].append(part)
    lines = sorted(explanation.lines, key=lambda line: (list(LineKind).index(line.kind), -line.points))
    return [
        Amount(
            line.label,
            line.points,
            line.reason,
            departments.get(line.department),
            parts=tuple(_types(by_department.get(line.department, ()), titles)) if _is_friction(line) else (),
        )
        for line in lines
    ]


def _is_friction(line: LedgerLine) -> bool:
    return line.key.startswith("department:")


def _titles(parts: Iterable[IncidentPart]) -> dict[uuid.UUID, str]:
    incidents = Incident.objects.filter(public_id__in={part.incident for part in parts})
    return dict(incidents.values_list("public_id", "title"))


def _types(parts: Iterable[IncidentPart], titles: Mapping[uuid.UUID, str]) -> Iterator[Amount]:
    by_type: dict[str, list[IncidentPart]] = defaultdict(list)
    for part in parts:
        if part.points:
            by_type[part.kind].append(part)
    found = [(kind, sorted(of_type, key=lambda part: -part.points)) for kind, of_type in by_type.items()]
    for kind, of_type in sorted(found, key=lambda one: -sum(part.points for part in one[1])):
        yield Amount(kind, sum(part.points for part in of_type), parts=tuple(_incidents(of_type, titles)))


def _incidents(parts: Sequence[IncidentPart], titles: Mapping[uuid.UUID, str]) -> Iterator[Amount]:
    for part in parts[:MOST_INCIDENTS]:
        yield Amount(titles.get(part.incident, "Incident"), part.points, incident=part.incident)
    rest = parts[MOST_INCIDENTS:]
    if rest:
        yield Amount(f"{len(rest)} more that add less", sum(part.points for part in rest))


def entries(total: Amount, annual_revenue: float) -> list[Entry]:
    """Return the rows of a ledger, its total first, each before what it is made of."""
    tenths, money = round(total.points * TENTHS), round(total.points * annual_revenue)
    return list(_rounded(Entry(total, tenths, money, 0), annual_revenue))


def _rounded(entry: Entry, revenue: float) -> Iterator[Entry]:
    yield entry
    parts = entry.amount.parts
    tenths = rounded_parts([part.points * TENTHS for part in parts], entry.tenths)
    money = rounded_parts([part.points * revenue for part in parts], entry.money)
    for part, points, amount in zip(parts, tenths, money, strict=True):
        yield from _rounded(Entry(part, points, amount, entry.level + 1), revenue)
