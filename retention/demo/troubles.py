"""The demo company's troubles: what each is, and what the signal looks like that shows it.

The signal is all that detection sees. Its figures follow from how bad the trouble was (severity, 0 to 1).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from accounts.signals import JsonValue
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
    return np.round(2.6 + 11.4 * severity)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of trouble: friction type, department at fault, how common within it, kind of signal, its data."""

    slug: str
    department: str
    chance: float
    kind: str
    data: Maker


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
    return {"amount": amount, "amount_difference": round(amount * 0.4 * severity, 2)}


def _unissued_credit(severity: float, random: Random) -> Data:
    amount = round(float(random.lognormal(5.6, 0.7)), 2)
    return {"amount": amount, "issued": False, "days_to_issue": round(14 + 46 * severity)}


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


def _yes(_severity: float) -> bool:
    return True


def _no(_severity: float) -> bool:
    return False


def _words(text: str) -> Callable[[float], JsonValue]:
    return lambda _severity: text


def _figure(at_none: float, at_worst: float) -> Callable[[float], JsonValue]:
    """Return a whole number that grows with severity, from one end to the other."""
    return lambda severity: round(at_none + (at_worst - at_none) * severity)


def _share(at_none: float, at_worst: float) -> Callable[[float], JsonValue]:
    return lambda severity: round(at_none + (at_worst - at_none) * severity, 3)


def _of(department: str, *rows: tuple[str, float, str, Maker]) -> tuple[Trouble, ...]:
    return tuple(Trouble(slug, department, chance, kind, data) for slug, chance, kind, data in rows)


TROUBLES: tuple[Trouble, ...] = (
    *_of(
        "shipping",
        (LATE_SHIPMENT, 5, "shipment", _shipment(days_late=_figure(2.6, 14.0))),
        ("wrong_product", 2, "shipment", _shipment(wrong_product=_yes)),
        ("damaged_goods", 2, "shipment", _shipment(damaged=_yes)),
        ("part_missing", 2, "shipment", _shipment(missing_parts=_figure(1, 5))),
        ("unannounced_part_shipment", 2, "shipment", _shipment(partial=_yes, announced=_no)),
    ),
    *_of(
        "phone_system",
        ("menu_maze", 3, "call", _call(menu_levels=_figure(4, 9))),
        ("long_wait", 4, "call", _call(wait_seconds=_figure(400, 2_400))),
        ("dropped_call", 2, "call", _call(dropped=_yes)),
        ("transferred_repeatedly", 3, "call", _call(transfers=_figure(2.6, 6))),
    ),
    *_of(
        "customer_service",
        ("made_a_burden", 1, "call", _call(burden=_yes)),
        ("wrong_answer", 2, "call", _call(wrong_answer=_yes)),
        ("no_call_back", 3, "call", _call(callback_days_late=_figure(1, 10))),
    ),
    *_of(
        "billing",
        ("wrong_amount", 4, "invoice", _wrong_amount),
        ("wrong_address", 1, "invoice", _invoice(wrong_address=_yes)),
        ("duplicate_invoice", 2, "invoice", _invoice(duplicate=_yes)),
        ("credit_not_issued", 2, "credit_note", _unissued_credit),
        ("dunned_by_mistake", 1, "invoice", _invoice(dunned_after_payment=_yes)),
    ),
    *_of(
        "legal",
        ("unreadable_contract", 2, "contract", _told(reading_grade=_figure(16, 24))),
        ("one_sided_risk", 1, "contract", _told(one_sided_clauses=_figure(3, 8))),
        ("slow_redline", 2, "contract", _told(redline_days=_figure(11, 45))),
    ),
    *_of(
        "manufacturing",
        ("defect", 4, "inspection", _inspected(defects=_figure(1, 9))),
        ("cut_corner", 1, "inspection", _inspected(cut_corner=_yes)),
        ("batch_recall", 1, "inspection", _inspected(recalled=_yes)),
    ),
    *_of(
        "procurement",
        (
            "cheaper_component_failed",
            2,
            "supplier_lot",
            _supplied(cheaper_substitute=_yes, rejected_share=_share(0.06, 0.5)),
        ),
        ("part_out_of_stock", 3, "supplier_lot", _supplied(out_of_stock_days=_figure(6, 40))),
    ),
    *_of(
        "design_engineering",
        ("hard_to_use", 2, "usability_ticket", _told(topic=_words("hard_to_use"), hours_lost=_figure(1, 12))),
        (
            "missing_documentation",
            2,
            "usability_ticket",
            _told(topic=_words("missing_documentation"), hours_lost=_figure(1, 12)),
        ),
        ("incompatible", 1, "usability_ticket", _told(topic=_words("incompatible"), hours_lost=_figure(2, 16))),
    ),
    *_of(
        "warranty",
        ("warranty_claim", 3, "claim", _claimed()),
        ("claim_refused", 1, "claim", _claimed(accepted=_no)),
        ("slow_repair", 2, "claim", _claimed(accepted=_yes, repair_days=_figure(15, 60))),
    ),
    *_of(
        "marketing",
        ("promised_and_not_there", 3, "promise", _told(by=_words("marketing"), in_product=_no)),
        ("misleading_price", 1, "promise", _told(by=_words("marketing"), price_misleading=_yes)),
    ),
    *_of(
        "corporate",
        ("broken_promise", 2, "promise", _told(by=_words("corporate"), days_overdue=_figure(5, 60))),
        (
            "price_rise_without_notice",
            2,
            "decision",
            _told(topic=_words("price_rise"), notice_days=_figure(25, 0), price_change=_share(0.02, 0.14)),
        ),
        ("treated_as_a_number", 1, "decision", _told(topic=_words("contact_removed"))),
    ),
    *_of(
        "sales",
        ("oversold", 1, "promise", _told(by=_words("sales"), oversold=_yes)),
        ("gone_silent", 3, "sales_contact", _told(days_without_answer=_figure(6, 30))),
    ),
    *_of(
        "operations",
        ("order_lost", 1, "order_handling", _told(lost=_yes)),
        ("wrong_data", 3, "order_handling", _told(wrong_data=_yes)),
        ("portal_down", 2, "order_handling", _told(portal_down_minutes=_figure(30, 300))),
    ),
    *_of(
        "product_development",
        ("no_innovation", 1, "decision", _told(topic=_words("innovation_cut"))),
        ("release_slipped", 2, "promise", _told(by=_words("product_development"), days_overdue=_figure(5, 90))),
    ),
)
BY_DEPARTMENT: dict[str, list[int]] = {
    slug: [position for position, trouble in enumerate(TROUBLES) if trouble.department == slug]
    for slug in dict.fromkeys(trouble.department for trouble in TROUBLES)
}
