"""The demo company's troubles: what each is, and what the signal looks like that shows it.

The signal is all that detection sees. Its figures follow from how bad the trouble was (severity, 0 to 1). How heavy a
kind of trouble is and how long it weighs is as the catalogue of friction types has it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from accounts.signals import JsonValue
from departments.seeds import friction_types
from retention.demo.plan import Floats

Random = np.random.Generator
Data = dict[str, JsonValue]
Maker = Callable[[float, Random], Data]

CARRIERS = ("Northway Freight", "Parcelight", "Trent & Tyne Haulage")
SUPPLIERS = ("Ostara Castings", "Delmar Seals", "Kuroda Bearings", "Vantage Electronics")
PRODUCTS = ("Circulation pump 25", "Circulation pump 40", "Zone controller", "Mixing valve", "Expansion vessel")


LATE_SHIPMENT = "late_shipment"
# What is ordered is promised for so many days later.
LEAD_DAYS = 4


def days_late(severity: Floats) -> Floats:
    """Return how late a late shipment of this severity is."""
    return np.maximum(3.0, np.round(14.0 * severity))


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of trouble: friction type, department at fault, how common within it, kind of signal, its data.

    `severity` is how bad it always is, None where that varies.
    """

    slug: str
    department: str
    chance: float
    kind: str
    data: Maker
    severity: float | None = None


def chosen(words: tuple[str, ...], random: Random) -> str:
    """Return one of the words by chance."""
    return words[int(random.integers(len(words)))]


def _shipment(**facts: Callable[[float], JsonValue]) -> Maker:
    def data(severity: float, random: Random) -> Data:
        told = {name: fact(severity) for name, fact in facts.items()}
        return {"days_late": 0, "carrier": chosen(CARRIERS, random), **told}

    return data


def _call(**facts: Callable[[float], JsonValue]) -> Maker:
    def data(severity: float, random: Random) -> Data:
        usual: Data = {"wait_seconds": int(random.integers(15, 90)), "menu_levels": 2, "transfers": 0}
        return usual | {name: fact(severity) for name, fact in facts.items()}

    return data


def _invoice(**facts: Callable[[float], JsonValue]) -> Maker:
    def data(severity: float, random: Random) -> Data:
        usual: Data = {"amount": round(float(random.lognormal(7.2, 0.7)), 2)}
        return usual | {name: fact(severity) for name, fact in facts.items()}

    return data


def _wrong_amount(severity: float, random: Random) -> Data:
    amount = round(float(random.lognormal(7.2, 0.7)), 2)
    return {"amount": amount, "amount_difference": round(amount * (severity - 0.1) / 2.5, 2)}


def _unissued_credit(severity: float, random: Random) -> Data:
    amount = round(float(random.lognormal(5.6, 0.7)), 2)
    return {"amount": amount, "issued": False, "days_to_issue": round(60 * severity)}


def _told(**facts: Callable[[float], JsonValue]) -> Maker:
    return lambda severity, random: {name: fact(severity) for name, fact in facts.items()}


def _supplied(**facts: Callable[[float], JsonValue]) -> Maker:
    told = _told(**facts)
    return lambda severity, random: {"supplier": chosen(SUPPLIERS, random), **told(severity, random)}


def _claimed(**facts: Callable[[float], JsonValue]) -> Maker:
    told = _told(**facts)
    return lambda severity, random: {"product": chosen(PRODUCTS, random), **told(severity, random)}


def _inspected(**facts: Callable[[float], JsonValue]) -> Maker:
    told = _told(**facts)
    return lambda severity, random: {
        "passed": False,
        "batch": f"B{int(random.integers(2_000, 2_999))}",
        **told(severity, random),
    }


def _ticket(topic: str, hours_at_worst: float) -> Maker:
    return _told(topic=_words(topic), hours_lost=_figure(0, hours_at_worst, 1))


def _price_rise(severity: float, random: Random) -> Data:
    notice = min(29, round(40 * (1 - severity)))
    return {"topic": "price_rise", "notice_days": notice, "price_change": round(float(random.uniform(0.02, 0.12)), 3)}


def _yes(_severity: float) -> bool:
    return True


def _no(_severity: float) -> bool:
    return False


def _words(text: str) -> Callable[[float], JsonValue]:
    return lambda _severity: text


def _figure(at_none: float, at_worst: float, least: int = 0) -> Callable[[float], JsonValue]:
    """Return a whole number that grows with severity, from one end to the other."""
    return lambda severity: max(least, round(at_none + (at_worst - at_none) * severity))


def _share(at_none: float, at_worst: float, least: float = 0.0) -> Callable[[float], JsonValue]:
    return lambda severity: max(least, round(at_none + (at_worst - at_none) * severity, 3))


Row = tuple[str, float, float | None, str, Maker]


def _of(department: str, *rows: Row) -> tuple[Trouble, ...]:
    return tuple(Trouble(slug, department, chance, kind, data, severity) for slug, chance, severity, kind, data in rows)


# The figures answer to the severities that the shipped detection rules give.
TROUBLES: tuple[Trouble, ...] = (
    *_of(
        "shipping",
        (LATE_SHIPMENT, 5, None, "shipment", _shipment(days_late=_figure(0, 14, 3))),
        ("wrong_product", 2, 0.6, "shipment", _shipment(wrong_product=_yes)),
        ("damaged_goods", 2, 0.6, "shipment", _shipment(damaged=_yes)),
        ("part_missing", 2, None, "shipment", _shipment(missing_parts=_figure(-3, 7, 1))),
        ("unannounced_part_shipment", 2, 0.4, "shipment", _shipment(partial=_yes, announced=_no)),
    ),
    *_of(
        "phone_system",
        ("menu_maze", 3, None, "call", _call(menu_levels=_figure(2, 9, 4))),
        ("long_wait", 4, None, "call", _call(wait_seconds=_figure(0, 2_400, 310))),
        ("dropped_call", 2, 0.5, "call", _call(dropped=_yes)),
        ("transferred_repeatedly", 3, None, "call", _call(transfers=_figure(1, 6, 3))),
    ),
    *_of(
        "customer_service",
        ("made_a_burden", 1, 0.7, "call", _call(burden=_yes)),
        ("wrong_answer", 2, 0.5, "call", _call(wrong_answer=_yes)),
        ("no_call_back", 3, None, "call", _call(callback_days_late=_figure(0, 10, 1))),
        ("dissatisfied", 1, None, "survey", _told(score=_figure(7, 0), about=_words("customer_service"))),
    ),
    *_of(
        "billing",
        ("wrong_amount", 4, None, "invoice", _wrong_amount),
        ("wrong_address", 1, 0.4, "invoice", _invoice(wrong_address=_yes)),
        ("duplicate_invoice", 2, 0.5, "invoice", _invoice(duplicate=_yes)),
        ("credit_not_issued", 2, None, "credit_note", _unissued_credit),
        ("dunned_by_mistake", 1, 0.7, "invoice", _invoice(dunned_after_payment=_yes)),
    ),
    *_of(
        "legal",
        ("unreadable_contract", 2, None, "contract", _told(reading_grade=_figure(12, 24, 15))),
        ("one_sided_risk", 1, None, "contract", _told(one_sided_clauses=_figure(0, 8, 2))),
        ("slow_redline", 2, None, "contract", _told(redline_days=_figure(0, 45, 11))),
    ),
    *_of(
        "manufacturing",
        ("defect", 5, None, "inspection", _inspected(defects=_figure(-1, 9, 1))),
        ("cut_corner", 1, 0.7, "inspection", _inspected(cut_corner=_yes)),
        ("batch_recall", 1, 0.9, "inspection", _inspected(recalled=_yes)),
    ),
    *_of(
        "procurement",
        (
            "cheaper_component_failed",
            2,
            None,
            "supplier_lot",
            _supplied(cheaper_substitute=_yes, rejected_share=_share(-0.125, 0.5, 0.025)),
        ),
        ("rejected_lot", 1, None, "supplier_lot", _supplied(rejected_share=_share(0.0, 0.5, 0.025))),
        ("part_out_of_stock", 3, None, "supplier_lot", _supplied(out_of_stock_days=_figure(0, 40, 4))),
    ),
    *_of(
        "design_engineering",
        ("hard_to_use", 2, None, "usability_ticket", _ticket("hard_to_use", 12)),
        ("missing_documentation", 2, None, "usability_ticket", _ticket("missing_documentation", 12)),
        ("incompatible", 1, None, "usability_ticket", _ticket("incompatible", 16)),
    ),
    *_of(
        "warranty",
        ("warranty_claim", 3, 0.4, "claim", _claimed()),
        ("claim_refused", 1, 0.7, "claim", _claimed(accepted=_no)),
        ("slow_repair", 2, None, "claim", _claimed(accepted=_yes, repair_days=_figure(0, 60, 15))),
    ),
    *_of(
        "marketing",
        ("promised_and_not_there", 3, 0.6, "promise", _told(by=_words("marketing"), in_product=_no)),
        ("misleading_price", 1, 0.6, "promise", _told(by=_words("marketing"), price_misleading=_yes)),
    ),
    *_of(
        "corporate",
        ("broken_promise", 2, None, "promise", _told(by=_words("corporate"), days_overdue=_figure(0, 60, 1))),
        ("price_rise_without_notice", 2, None, "decision", _price_rise),
        ("treated_as_a_number", 1, 0.6, "decision", _told(topic=_words("contact_removed"))),
    ),
    *_of(
        "sales",
        ("oversold", 1, 0.7, "promise", _told(by=_words("sales"), oversold=_yes)),
        ("gone_silent", 3, None, "sales_contact", _told(days_without_answer=_figure(0, 30, 6))),
        ("sales_promise_not_kept", 1, None, "promise", _told(by=_words("sales"), days_overdue=_figure(0, 60, 8))),
    ),
    *_of(
        "operations",
        ("order_lost", 1, 0.8, "order_handling", _told(lost=_yes)),
        ("wrong_data", 3, 0.4, "order_handling", _told(wrong_data=_yes)),
        ("portal_down", 2, None, "order_handling", _told(portal_down_minutes=_figure(0, 300, 30))),
    ),
    *_of(
        "product_development",
        ("no_innovation", 1, 0.6, "decision", _told(topic=_words("innovation_cut"))),
        (
            "release_slipped",
            2,
            None,
            "promise",
            _told(by=_words("product_development"), days_overdue=_figure(0, 90, 4)),
        ),
    ),
)
FIXED_SEVERITIES = np.array([np.nan if trouble.severity is None else trouble.severity for trouble in TROUBLES])
_CATALOGUE = friction_types()
WEIGHTS = np.array([float(_CATALOGUE[trouble.slug]["weight"]) for trouble in TROUBLES])
# Hours of work, eight a day on five days of seven.
DAYS_TO_RESOLVE = np.array([float(_CATALOGUE[trouble.slug]["resolve_hours"]) / 8 * 7 / 5 for trouble in TROUBLES])
HALF_LIVES = np.array([float(_CATALOGUE[trouble.slug]["half_life_days"]) for trouble in TROUBLES])
BY_DEPARTMENT: dict[str, list[int]] = {
    slug: [position for position, trouble in enumerate(TROUBLES) if trouble.department == slug]
    for slug in dict.fromkeys(trouble.department for trouble in TROUBLES)
}
