"""Where each kind of record is kept, and what the database can be asked about a value before it is written."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models

from accounts.models import Account, Contact, Holding, Order, OrderLine, Product, Signal, Touchpoint
from departments.models import (
    Absence,
    Adoption,
    Assignment,
    Commitment,
    Department,
    FrictionType,
    Incident,
    Person,
    Release,
)


@dataclass(frozen=True)
class Target:
    """The model of a kind; `moment` is the field that says when it happened, `constants` are set on creation."""

    model: type[models.Model]
    moment: str | None = None
    constants: dict[str, Any] = field(default_factory=dict)


TARGETS = {
    "department": Target(Department, constants={"position": 99, "colour": "#6c757d", "is_active": True}),
    # Whoever comes by file sets a password by mail before signing in.
    "person": Target(Person, constants={"password": UNUSABLE_PASSWORD_PREFIX, "is_active": True, "time_zone": ""}),
    "account": Target(Account),
    "contact": Target(Contact),
    "product": Target(Product),
    "holding": Target(Holding, moment="held_from"),
    "order": Target(Order, moment="ordered_at"),
    "signal": Target(Signal, moment="happened_at"),
    "touchpoint": Target(Touchpoint, moment="happened_at"),
    "assignment": Target(Assignment),
    "absence": Target(Absence),
    "release": Target(Release),
    "commitment": Target(Commitment),
    "adoption": Target(Adoption, moment="adopted_on"),
    "incident": Target(Incident, moment="happened_at"),
    "event": Target(Incident),
}
LINE_MODELS: dict[str, type[models.Model]] = {"order": OrderLine}


@dataclass(frozen=True)
class Reference:
    """How a record is named by others: by which column, and whether within a source."""

    model: type[models.Model]
    column: str
    within_source: bool


REFERENCES = {
    "account": Reference(Account, "external_id", within_source=True),
    "contact": Reference(Contact, "external_id", within_source=True),
    "product": Reference(Product, "external_id", within_source=True),
    "order": Reference(Order, "external_id", within_source=True),
    "release": Reference(Release, "external_id", within_source=True),
    "person": Reference(Person, "email", within_source=False),
    "department": Reference(Department, "slug", within_source=False),
    "friction_type": Reference(FrictionType, "slug", within_source=False),
}


def column_of(kind: str, name: str) -> Any:
    """The model's field for a field of a kind."""
    return TARGETS[kind].model._meta.get_field(name)


def problems_of_value(model_field: Any, value: str) -> list[tuple[str, str]]:
    """What can be wrong with a value on its way into a column, as pairs of an SQL condition and a reason.

    `value` is the SQL expression of the value as staged.
    """
    problems: list[tuple[str, str]] = []
    if isinstance(model_field, models.DecimalField):
        limit = 10 ** ((model_field.max_digits or 0) - (model_field.decimal_places or 0))
        problems.append((f"abs(round({value}, {model_field.decimal_places})) >= {limit}", "is too large"))
    elif isinstance(model_field, models.IntegerField):
        least, most = _range_of(model_field)
        problems.append((f"{value} NOT BETWEEN {least} AND {most}", f"does not lie between {least} and {most}"))
    elif isinstance(model_field, models.EmailField):
        problems.append((rf"{value} !~ '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$'", "is not a mail address"))
    if isinstance(model_field, models.CharField):
        if model_field.choices:
            choices = [str(choice) for choice, _label in model_field.flatchoices]
            quoted = ", ".join(f"'{choice}'" for choice in choices)
            problems.append((f"{value} NOT IN ({quoted})", f"is none of {', '.join(choices)}"))
        if model_field.max_length:
            reason = f"is longer than {model_field.max_length} characters"
            problems.append((f"char_length({value}) > {model_field.max_length}", reason))
    return problems


def _range_of(model_field: "models.IntegerField[Any, Any]") -> tuple[int, int]:
    most = 32_767 if isinstance(model_field, models.PositiveSmallIntegerField | models.SmallIntegerField) else 2**31 - 1
    positive = isinstance(model_field, models.PositiveSmallIntegerField | models.PositiveIntegerField)
    return (0 if positive else -most), most


def cast_value(model_field: Any, value: str) -> str:
    """The SQL expression of a staged value as its column takes it; an empty one becomes the column's default."""
    cast = value
    if isinstance(model_field, models.DecimalField):
        cast = f"{value}::numeric({model_field.max_digits},{model_field.decimal_places})"
    elif isinstance(model_field, models.SmallIntegerField | models.PositiveSmallIntegerField):
        cast = f"{value}::smallint"
    elif isinstance(model_field, models.IntegerField):
        cast = f"{value}::integer"
    elif isinstance(model_field, models.FloatField):
        cast = f"{value}::float8"
    if model_field.null:
        return cast
    return f"coalesce({cast}, {_default_of(model_field)})"


def _default_of(model_field: Any) -> str:
    default = model_field.default if model_field.has_default() else getattr(model_field, "db_default", None)
    default = getattr(default, "value", default)
    if isinstance(default, int) and not isinstance(default, bool):
        return str(default)
    if isinstance(model_field, models.CharField | models.TextField):
        return f"'{default}'" if isinstance(default, str) else "''"
    return "NULL"
