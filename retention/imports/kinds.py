"""The kinds of record that a mapping can make, and the fields of each.

A field that names another record holds that record's external id (a person's mail address, a department's or
friction type's short name).
"""

from dataclasses import dataclass

from accounts.signals import KINDS as SIGNAL_KINDS


@dataclass(frozen=True)
class Field:
    """One field of a record: its type, whether it must be mapped and filled, and which kind it names."""

    type: str = "text"
    required: bool = False
    names: str | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of record; `lines` are the fields of the lines that it may be grouped from."""

    name: str
    fields: dict[str, Field]
    lines: dict[str, Field] | None = None

    @property
    def key(self) -> str:
        """The field that tells one record of this kind from another (with the source, where it is an external id)."""
        return next(name for name in ("external_id", "email", "slug", "case") if name in self.fields)


TEXT = Field()
REQUIRED = Field(required=True)
DATE, DATETIME, INTEGER, MONEY = Field("date"), Field("datetime"), Field("integer"), Field("money")
REQUIRED_DATE, REQUIRED_DATETIME = Field("date", required=True), Field("datetime", required=True)
ACCOUNT = Field(required=True, names="account")
ORDER = Field(names="order")
PERSON, REQUIRED_PERSON = Field(names="person"), Field(required=True, names="person")
RELEASE = Field(required=True, names="release")
SOURCED = {"external_id": REQUIRED, "recorded_at": DATETIME}


def _kinds(*kinds: Kind) -> dict[str, Kind]:
    return {kind.name: kind for kind in kinds}


# In the order in which they are loaded: a record may name one of a kind above it.
KINDS = _kinds(
    Kind("department", {"slug": REQUIRED, "name": REQUIRED, "position": INTEGER, "colour": TEXT, "exposure": TEXT}),
    Kind("person", {"email": REQUIRED, "name": REQUIRED, "role": REQUIRED, "department": Field(names="department")}),
    Kind(
        "account",
        SOURCED
        | {
            "name": REQUIRED,
            "segment": TEXT,
            "city": TEXT,
            "country": TEXT,
            "customer_since": DATE,
            "annual_revenue": MONEY,
            "renews_on": DATE,
            "left_on": DATE,
            "contact_cadence_days": INTEGER,
        },
    ),
    Kind("contact", SOURCED | {"account": ACCOUNT, "name": REQUIRED, "position": TEXT, "email": TEXT, "phone": TEXT}),
    Kind("product", SOURCED | {"name": REQUIRED, "description": TEXT}),
    Kind(
        "holding",
        SOURCED
        | {
            "account": ACCOUNT,
            "product": Field(required=True, names="product"),
            "held_from": REQUIRED_DATE,
            "held_until": DATE,
            "monthly_value": MONEY,
        },
    ),
    Kind(
        "order",
        SOURCED
        | {
            "account": ACCOUNT,
            "number": TEXT,
            "ordered_at": REQUIRED_DATETIME,
            "amount": Field("money", required=True),
            "promised_on": DATE,
            "delivered_on": DATE,
        },
        lines={
            "sku": REQUIRED,
            "description": TEXT,
            "quantity": Field("decimal", required=True),
            "unit_price": Field("money", required=True),
        },
    ),
    Kind(
        "signal",
        SOURCED | {"account": ACCOUNT, "kind": REQUIRED, "order": ORDER, "happened_at": REQUIRED_DATETIME},
        # Of credit notes only: what was credited, to find the order that it was credited of.
        lines={"sku": REQUIRED, "amount": Field("money", required=True)},
    ),
    Kind(
        "touchpoint",
        SOURCED
        | {
            "account": ACCOUNT,
            "contact": Field(names="contact"),
            "person": PERSON,
            "channel": REQUIRED,
            "purpose": TEXT,
            "happened_at": REQUIRED_DATETIME,
            "minutes": INTEGER,
            "summary": TEXT,
            "order_taken": ORDER,
        },
    ),
    Kind(
        "assignment",
        SOURCED
        | {
            "account": ACCOUNT,
            "person": REQUIRED_PERSON,
            "capacity": REQUIRED,
            "starts_on": REQUIRED_DATE,
            "ends_on": DATE,
        },
    ),
    Kind(
        "absence",
        SOURCED
        | {
            "person": REQUIRED_PERSON,
            "covered_by": PERSON,
            "starts_on": REQUIRED_DATE,
            "ends_on": REQUIRED_DATE,
        },
    ),
    Kind("release", SOURCED | {"name": REQUIRED, "description": TEXT, "promised_for": DATE, "delivered_on": DATE}),
    Kind("commitment", SOURCED | {"account": ACCOUNT, "release": RELEASE, "promised_for": REQUIRED_DATE}),
    Kind("adoption", SOURCED | {"account": ACCOUNT, "release": RELEASE, "adopted_on": REQUIRED_DATE}),
    Kind(
        "incident",
        SOURCED
        | {
            "account": ACCOUNT,
            "friction_type": Field(required=True, names="friction_type"),
            "department": Field(names="department"),
            "severity": Field("decimal", required=True),
            "title": REQUIRED,
            "description": TEXT,
            "happened_at": REQUIRED_DATETIME,
            "order": ORDER,
            "resolved_at": DATETIME,
            "resolution": TEXT,
        },
    ),
    # One update of an incident, in the log of another system. What the case is, is read off its first event.
    Kind(
        "event",
        {
            "case": REQUIRED,
            "at": REQUIRED_DATETIME,
            "order": INTEGER,
            "state": REQUIRED,
            "group": TEXT,
            "person": PERSON,
            "words": TEXT,
            "supplier": TEXT,
            "resolution": TEXT,
            "met": Field("boolean"),
            "account": Field(names="account"),
            "friction_type": Field(names="friction_type"),
            "severity": Field("decimal"),
            "title": TEXT,
            "description": TEXT,
            "opened_at": DATETIME,
        },
    ),
)

DATA_TYPES = {"text": "text", "integer": "integer", "number": "decimal", "boolean": "boolean", "date": "date"}


def data_fields(signal_kind: str | None) -> dict[str, Field]:
    """The fields of a signal's data: of one kind, or of all where the kind stands in a column.

    Required ones are left to the check of the finished record, because some are found out only on loading.
    """
    kinds = [SIGNAL_KINDS[signal_kind]] if signal_kind else list(SIGNAL_KINDS.values())
    return {field.name: Field(DATA_TYPES[field.type]) for kind in kinds for field in kind.fields}
