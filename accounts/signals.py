"""The kinds of signal: which fields each carries, of which type, and which department's system sends it.

One registry that validation, documentation, imports and detection rules all read.
"""

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

JsonValue = str | int | float | bool | None

# The types a field may have, with the Python types their JSON spelling arrives in.
TYPES: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {"text": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "date": (str,)}
)

# The field by which signals of several kinds name a batch of goods: who got it, and what became of it.
BATCH = "batch"


@dataclass(frozen=True)
class Field:
    """One field of a kind: its type is one of `TYPES`; `unit` is in words, such as days."""

    name: str
    type: str
    meaning: str
    unit: str = ""
    required: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of signal; `department` is the slug of the department whose system knows it."""

    name: str
    label: str
    department: str
    meaning: str
    fields: tuple[Field, ...]

    @property
    def names_batch(self) -> bool:
        """Return whether its signals can say which batch of goods they are about."""
        return self.field(BATCH) is not None

    def field(self, name: str) -> Field | None:
        """Return the field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


def _kinds(*kinds: Kind) -> Mapping[str, Kind]:
    return MappingProxyType({kind.name: kind for kind in kinds})


KINDS = _kinds(
    Kind(
        "shipment",
        "Shipment",
        "shipping",
        "Goods arrived at the customer, or did not.",
        (
            Field(
                "days_late", "number", "delivered after the promised day; negative when early", "days", required=True
            ),
            Field("wrong_product", "boolean", "something else than ordered was in it"),
            Field("damaged", "boolean", "goods arrived damaged"),
            Field("missing_parts", "integer", "pieces that should have been in it", "pieces"),
            Field("partial", "boolean", "only part of the order came"),
            Field("announced", "boolean", "the customer was told beforehand of a part shipment or delay"),
            Field("carrier", "text", "who carried it"),
            Field(BATCH, "text", "the number of the batch that the goods came from"),
        ),
    ),
    Kind(
        "invoice",
        "Invoice",
        "billing",
        "An invoice was issued, corrected or dunned.",
        (
            Field("amount", "number", "the invoice's amount", "money", required=True),
            Field("amount_difference", "number", "invoiced less agreed", "money"),
            Field("wrong_address", "boolean", "sent to the wrong address"),
            Field("duplicate", "boolean", "the same was invoiced before"),
            Field("dunned_after_payment", "boolean", "a reminder went out although it was paid"),
        ),
    ),
    Kind(
        "credit_note",
        "Credit note",
        "billing",
        "Money was given back for something invoiced.",
        (
            Field("amount", "number", "the amount credited, above zero", "money", required=True),
            Field(
                "credited_share",
                "number",
                "share of the order's amount that was credited, 0 to 1; absent if the order is not known",
            ),
            Field("days_to_issue", "number", "from the request to the credit note", "days"),
            Field("issued", "boolean", "false while the customer still waits for it"),
            Field("lines", "integer", "lines credited", "lines"),
        ),
    ),
    Kind(
        "call",
        "Call",
        "phone_system",
        "A customer's call ended.",
        (
            Field("wait_seconds", "number", "time until a person answered", "seconds"),
            Field("menu_levels", "integer", "menus passed before a person answered", "menus"),
            Field("transfers", "integer", "times the call was passed on", "transfers"),
            Field("dropped", "boolean", "the line broke, or the customer gave up"),
            Field("wrong_answer", "boolean", "the answer turned out to be wrong"),
            Field("burden", "boolean", "the customer said that we made them feel a burden"),
            Field("callback_days_late", "number", "a promised call back came so much too late, or not yet", "days"),
        ),
    ),
    Kind(
        "contract",
        "Contract",
        "legal",
        "A contract or redline went back and forth.",
        (
            Field("reading_grade", "number", "school years needed to read it (Flesch–Kincaid)", "years"),
            Field("one_sided_clauses", "integer", "clauses that put the risk on the customer alone", "clauses"),
            Field("redline_days", "number", "from the customer's redline to our answer", "days"),
        ),
    ),
    Kind(
        "claim",
        "Warranty claim",
        "warranty",
        "The customer claims under warranty.",
        (
            Field("accepted", "boolean", "false when we refused; absent while undecided"),
            Field("repair_days", "number", "from receipt to return of the repaired product", "days"),
            Field("product", "text", "what broke"),
            Field(BATCH, "text", "the number of the batch that it came from"),
        ),
    ),
    Kind(
        "inspection",
        "Inspection",
        "manufacturing",
        "A product or batch of the customer's was inspected.",
        (
            Field("passed", "boolean", "whether it passed", required=True),
            Field("defects", "integer", "defects found", "defects"),
            Field("cut_corner", "boolean", "a step of the process had been left out"),
            Field("recalled", "boolean", "the batch was called back"),
            Field(BATCH, "text", "the batch's number"),
        ),
    ),
    Kind(
        "supplier_lot",
        "Supplier lot",
        "procurement",
        "A supplier's lot that went into the customer's goods.",
        (
            Field("rejected_share", "number", "share of the lot that failed, 0 to 1"),
            Field("cheaper_substitute", "boolean", "a cheaper component had replaced the specified one"),
            Field("out_of_stock_days", "number", "days the part was not to be had", "days"),
            Field("supplier", "text", "who supplied it"),
            Field(BATCH, "text", "the number of the batch that it went into"),
        ),
    ),
    Kind(
        "usability_ticket",
        "Usability ticket",
        "design_engineering",
        "The customer could not work with the product.",
        (
            Field("topic", "text", "hard_to_use, missing_documentation or incompatible", required=True),
            Field("hours_lost", "number", "time the customer lost", "hours"),
        ),
    ),
    Kind(
        "promise",
        "Promise",
        "marketing",
        "Something was promised to the customer.",
        (
            Field("by", "text", "marketing, sales, corporate or product_development", required=True),
            Field("days_overdue", "number", "days since it was due and not kept; 0 or less if kept", "days"),
            Field("in_product", "boolean", "false when what was promised is not in the product at all"),
            Field("price_misleading", "boolean", "the price in the advertisement was not the price"),
            Field("oversold", "boolean", "sold for a use it does not fit"),
        ),
    ),
    Kind(
        "decision",
        "Decision",
        "corporate",
        "A decision from above that reached the customer.",
        (
            Field("topic", "text", "price_rise, policy, contact_removed, innovation_cut or other", required=True),
            Field("notice_days", "number", "days of notice the customer had", "days"),
            Field("price_change", "number", "0.05 for five per cent more", "share"),
        ),
    ),
    Kind(
        "order_handling",
        "Order handling",
        "operations",
        "How an order or its data went through our own systems.",
        (
            Field("lost", "boolean", "the order was lost"),
            Field("wrong_data", "boolean", "typed or transferred wrongly"),
            Field("portal_down_minutes", "number", "time the portal could not be used", "minutes"),
        ),
    ),
    Kind(
        "sales_contact",
        "Sales contact",
        "sales",
        "How the customer's questions to sales fared.",
        (Field("days_without_answer", "number", "a question has been waiting so long", "days"),),
    ),
    Kind(
        "survey",
        "Survey answer",
        "customer_service",
        "The customer answered a survey.",
        (
            Field("score", "integer", "0 to 10, would recommend us", "points", required=True),
            Field("about", "text", "slug of the department it was about"),
        ),
    ),
)


def problems_of(kind_name: str, data: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    """Return what is wrong with a signal's data, as (field, sentence) pairs; an empty list when it is well formed."""
    kind = KINDS.get(kind_name)
    if kind is None:
        return [("kind", f"there is no kind of signal {kind_name!r}; there are {', '.join(KINDS)}")]
    missing = [(field.name, "is missing") for field in kind.fields if field.required and data.get(field.name) is None]
    return missing + [problem for name, value in data.items() for problem in _value_problems(kind, name, value)]


def _value_problems(kind: Kind, name: str, value: JsonValue) -> list[tuple[str, str]]:
    field = kind.field(name)
    if field is None:
        return [(name, f"is not a field of {kind.name}; it has {', '.join(field.name for field in kind.fields)}")]
    if value is None or _fits(field, value):
        return []
    return [(name, f"must be of type {field.type}, not {value!r}")]


def _fits(field: Field, value: JsonValue) -> bool:
    if isinstance(value, bool) and field.type != "boolean":
        return False
    if not isinstance(value, TYPES[field.type]) or not _can_be_stored(value):
        return False
    return field.type != "date" or _is_date(str(value))


def _can_be_stored(value: JsonValue) -> bool:
    """The database's JSON knows neither infinity nor the two kinds of character that are none."""
    if isinstance(value, str):
        return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, float) or math.isfinite(value)


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
