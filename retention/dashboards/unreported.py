"""What says that something went wrong for a customer, and which of it nobody made an incident of; by department."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection, models
from django.db.models import Case, Exists, F, FloatField, OuterRef, Q, QuerySet, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from scipy.stats import binomtest

from accounts.models import Signal
from accounts.signals import KINDS
from departments.models import Department, FrictionType, Incident, Responsibility, State
from retention.dashboards.kept import Figures
from retention.dashboards.unreported_names import Named, Names, names_of

WINDOW_DAYS = 90
# A report so near in time is taken to be about the same thing.
NEAR_DAYS = 14
# Of ten points, so many and fewer are a complaint.
LOWEST_CONTENT = 6
# A department lags where chance alone would leave so much unreported less often than this.
CHANCE = 0.01


class Said(models.TextChoices):
    """By what it shows that something cost a customer something."""

    CREDIT = "credit", "Credits"
    RETURNED = "returned", "Goods sent back and credited"
    CLAIM = "claim", "Warranty claims"
    SURVEY = "survey", "Low survey answers"
    SLIP = "slip", "Slips in our own records"


@dataclass(frozen=True, slots=True)
class Sign:
    """A kind of signal that says so under a condition, and the friction type that it would be."""

    said: Said
    kind: str
    friction_type: str
    condition: Q


def _field(name: str, value: object) -> Q:
    return Q(**{f"data__{name}": value})


# In this order: the first that holds says what a signal is. Whatever the company's rules are, these stay as they are:
# a rule that was narrowed or switched off must not hide what it no longer finds.
SIGNS: Sequence[Sign] = (
    Sign(Said.CREDIT, "credit_note", "credit_not_issued", _field("issued", value=False)),
    Sign(Said.RETURNED, "credit_note", "goods_credited", _field("credited_share__gt", 0)),
    Sign(Said.CREDIT, "credit_note", "goods_credited", _field("amount__gt", 0)),
    Sign(Said.CLAIM, "claim", "claim_refused", _field("accepted", value=False)),
    Sign(Said.CLAIM, "claim", "warranty_claim", Q()),
    Sign(Said.SURVEY, "survey", "dissatisfied", _field("score__lte", LOWEST_CONTENT)),
    Sign(Said.SLIP, "shipment", "wrong_product", _field("wrong_product", value=True)),
    Sign(Said.SLIP, "shipment", "damaged_goods", _field("damaged", value=True)),
    Sign(Said.SLIP, "shipment", "part_missing", _field("missing_parts__gt", 0)),
    Sign(Said.SLIP, "shipment", "late_shipment", _field("days_late__gt", 0)),
    Sign(Said.SLIP, "invoice", "duplicate_invoice", _field("duplicate", value=True)),
    Sign(Said.SLIP, "invoice", "dunned_by_mistake", _field("dunned_after_payment", value=True)),
    Sign(Said.SLIP, "call", "dropped_call", _field("dropped", value=True)),
    Sign(Said.SLIP, "call", "no_call_back", _field("callback_days_late__gt", 0)),
    Sign(Said.SLIP, "order_handling", "order_lost", _field("lost", value=True)),
)


@dataclass(frozen=True, slots=True)
class Part:
    """Of so many signs, so many that no incident accounts for: at so many accounts, worth so much a year.

    `credited` is the money that was given back in those without an incident.
    """

    said: str
    signs: int
    unreported: int
    credited: float
    accounts: int
    worth: float

    @property
    def label(self) -> str:
        """Return the kind in words."""
        return str(Said(self.said).label)

    @property
    def address(self) -> str:
        """Return where only these are named."""
        return f"?said={self.said}"


@dataclass(frozen=True, slots=True)
class Record:
    """A department's signs by kind, and how its incidents of the same days came to be known.

    `lags` says that of what customers said more has no incident than chance explains, were it as the whole company.
    """

    parts: Sequence[Part]
    detected: int
    told_by_others: int
    told_itself: int
    lags: bool

    @property
    def said(self) -> Sequence[Part]:
        """Return what customers said by what they did; slips are told apart, as they are many and small."""
        return [part for part in self.parts if part.said != Said.SLIP]

    @property
    def signs(self) -> int:
        """Return all that customers said."""
        return sum(part.signs for part in self.said)

    @property
    def unreported(self) -> int:
        """Return how many of them no incident accounts for."""
        return sum(part.unreported for part in self.said)

    @property
    def credited(self) -> float:
        """Return what was given back without an incident."""
        return sum(part.credited for part in self.said)

    @property
    def share(self) -> float:
        """Return the share of the signs without an incident."""
        return self.unreported / self.signs if self.signs else 0.0


@dataclass(frozen=True, slots=True)
class Unreported:
    """The records of all departments, and the names of what is unreported, by department id."""

    of: Mapping[int, Record]
    named: Names

    def named_of(self, department: Department, said: str) -> Sequence[Named]:
        """Return the names of a department's: of a kind, or of all that customers said."""
        kinds = self.named.get(department.pk, {})
        return [named for kind, named in kinds.items() if (kind == said if said else kind != Said.SLIP)]


def signs(since: datetime.datetime) -> QuerySet[Any]:
    """Return the signals that say so, with `said`, and the friction's type and department: `would_be`, `home`."""
    homes = dict(FrictionType.objects.values_list("slug", "department"))
    of_slug = dict(Department.objects.values_list("slug", "pk"))
    fallen_back = {name: of_slug.get(kind.department) for name, kind in KINDS.items()}
    holds = [Q(kind=sign.kind) & sign.condition for sign in SIGNS]
    said = [When(one, then=Value(sign.said)) for one, sign in zip(holds, SIGNS, strict=True)]
    would_be = [When(one, then=Value(sign.friction_type)) for one, sign in zip(holds, SIGNS, strict=True)]
    home = [
        When(one, then=Value(homes.get(sign.friction_type, fallen_back[sign.kind])))
        for one, sign in zip(holds, SIGNS, strict=True)
    ]
    about = [When(kind="survey", data__about=slug, then=Value(pk)) for slug, pk in of_slug.items()]
    found = Signal.objects.order_by().filter(reduce(or_, holds), kind__in={sign.kind for sign in SIGNS})
    return found.filter(happened_at__gte=since).annotate(
        said=Case(*said, output_field=models.CharField()),
        would_be=Case(*would_be, output_field=models.CharField()),
        home=Case(*about, *home, output_field=models.BigIntegerField()),
    )


def signs_of(department: Department, since: datetime.datetime, said: str = "") -> QuerySet[Any]:
    """Return those whose friction would be the department's: of a kind, or all that customers said."""
    return at_home(signs(since), department, said)


def at_home(found: QuerySet[Any], department: Department, said: str) -> QuerySet[Any]:
    """Return those of a department, as `signs_of` narrows them."""
    found = found.filter(home=department.pk)
    return found.filter(said=said) if said else found.exclude(said=Said.SLIP)


def unreported(found: QuerySet[Any]) -> QuerySet[Any]:
    """Return those that no incident accounts for."""
    return found.exclude(_reported())


def _reported() -> Q:
    """Return the condition that an incident came of it, or that the department at home has one near in time.

    An answer to a survey needs the latter: a poor mark about shipping on another's desk says nothing shipping did.
    An incident that was merged into one of another type, or closed without a cause and without a word, tells nothing.
    """
    merged_away = Q(merged_into__isnull=False) & ~Q(merged_into__friction_type=F("friction_type"))
    closed_as_nothing = Q(state=State.RESOLVED, cause=None, resolution="", merged_into=None)
    telling = Incident.objects.order_by().exclude(merged_away).exclude(closed_as_nothing)
    span = datetime.timedelta(days=NEAR_DAYS)
    near = telling.filter(
        account=OuterRef("account"),
        happened_at__gte=OuterRef("happened_at") - span,
        happened_at__lte=OuterRef("happened_at") + span,
    )
    parts = Responsibility.objects.order_by().filter(incident=OuterRef("pk"), share__gt=0)
    answered = Exists(parts.filter(department=OuterRef(OuterRef("home"))))
    came = Exists(telling.filter(signal=OuterRef("pk")))
    return (~Q(kind="survey") & Q(came)) | Q(Exists(near.filter(answered)))


def _records(moment: datetime.datetime) -> Unreported:
    since = moment - datetime.timedelta(days=WINDOW_DAYS)
    parts, missing = _parts(since)
    origins = _origins(since)
    active = Department.objects.filter(is_active=True).values_list("pk", flat=True)
    records = {pk: Record(parts.get(pk, []), *origins.get(pk, (0, 0, 0)), lags=False) for pk in active}
    signs_of_all = sum(record.signs for record in records.values())
    usual = sum(record.unreported for record in records.values()) / max(signs_of_all, 1)
    return Unreported(
        of={pk: replace(record, lags=_lags(record, usual)) for pk, record in records.items()},
        named=names_of({pk: kinds for pk, kinds in missing.items() if pk in records}),
    )


def _lags(record: Record, usual: float) -> bool:
    if not record.unreported:
        return False
    return bool(binomtest(record.unreported, record.signs, usual, alternative="greater").pvalue < CHANCE)


def _parts(since: datetime.datetime) -> tuple[dict[int, list[Part]], dict[int, dict[str, list[int]]]]:
    """Return the parts of each department, and which signals are missing; by account first, so that it counts once."""
    credited = Case(When(kind="credit_note", then=Cast(KT("data__amount"), FloatField())), default=Value(0.0))
    rows = signs(since).annotate(
        is_reported=Case(When(_reported(), then=Value(True)), default=Value(False)),
        credited=Coalesce(credited, Value(0.0)),
    )
    columns = rows.values_list("home", "said", "account_id", "is_reported", "credited", "pk", "happened_at")
    inner, given = columns.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_BY_DEPARTMENT.format(inner=inner), given)
        found = cursor.fetchall()
    parts: dict[int, list[Part]] = {}
    missing: dict[int, dict[str, list[int]]] = {}
    for home, *row, signals in sorted(found, key=lambda row: Said.values.index(row[1])):
        parts.setdefault(home, []).append(Part(*row))
        missing.setdefault(home, {})[row[0]] = signals or []
    return parts, missing


_BY_DEPARTMENT = """
    WITH sign (home, said, account, is_reported, credited, signal, happened_at) AS ({inner}),
    missed AS (
        SELECT home, said, array_agg(signal ORDER BY happened_at DESC, signal DESC) AS signals
        FROM sign WHERE NOT is_reported GROUP BY 1, 2),
    at_account AS (
        SELECT home, said, account, count(*) AS signs, count(*) FILTER (WHERE NOT is_reported) AS missing,
            coalesce(sum(credited) FILTER (WHERE NOT is_reported), 0)::float8 AS credited
        FROM sign WHERE home IS NOT NULL GROUP BY 1, 2, 3),
    summed AS (
        SELECT home, said, sum(signs)::bigint AS signs, sum(missing)::bigint AS missing,
            sum(at_account.credited)::float8 AS credited, count(*) FILTER (WHERE missing > 0) AS accounts,
            coalesce(sum(account.annual_revenue) FILTER (WHERE missing > 0), 0)::float8 AS worth
        FROM at_account JOIN accounts_account AS account ON account.id = at_account.account GROUP BY 1, 2)
    SELECT summed.*, missed.signals FROM summed LEFT JOIN missed USING (home, said)
"""
_ORIGINS = """
    SELECT part.department_id, count(*) FILTER (WHERE incident.rule_id IS NOT NULL),
        count(*) FILTER (WHERE incident.rule_id IS NULL
            AND incident.reporting_department_id IS DISTINCT FROM part.department_id),
        count(*) FILTER (WHERE incident.rule_id IS NULL AND incident.reporting_department_id = part.department_id)
    FROM departments_responsibility AS part JOIN departments_incident AS incident ON incident.id = part.incident_id
    WHERE part.share > 0 AND incident.happened_at >= %(since)s GROUP BY 1
"""


def _origins(since: datetime.datetime) -> dict[int, tuple[int, int, int]]:
    """Return how many incidents of each department a rule found, others told and it told itself."""
    with connection.cursor() as cursor:
        cursor.execute(_ORIGINS, {"since": since})
        return {row[0]: (row[1], row[2], row[3]) for row in cursor.fetchall()}


UNREPORTED = Figures("unreported", Unreported, _records)
