"""How often things go wrong at the demo company, where, and what that does to how customers order."""

# By department: troubles an order, troubles a month apart from orders, how it keeps its time to resolve (1: just so).
USUAL: dict[str, tuple[float, float, float]] = {
    "shipping": (0.080, 0.0, 0.8),
    "phone_system": (0.022, 0.0, 0.7),
    "customer_service": (0.030, 0.006, 1.0),
    "billing": (0.042, 0.0, 1.1),
    "legal": (0.0, 0.020, 1.1),
    "manufacturing": (0.030, 0.0, 0.9),
    "procurement": (0.022, 0.0, 0.9),
    "design_engineering": (0.006, 0.018, 0.9),
    "warranty": (0.015, 0.010, 1.2),
    "marketing": (0.0, 0.032, 0.8),
    "corporate": (0.0, 0.012, 1.4),
    "sales": (0.004, 0.016, 0.8),
    "operations": (0.030, 0.0, 0.9),
    "product_development": (0.0, 0.020, 1.2),
}

# What went wrong for a while: department, from and until in months before today, how many times the usual.
EPISODES: tuple[tuple[str, float, float, float], ...] = (
    ("shipping", 17.0, 15.0, 2.4),  # a carrier's strike
    ("billing", 11.0, 8.0, 2.6),  # a new invoicing system
    ("manufacturing", 7.0, 6.0, 3.0),  # a batch recalled
    ("phone_system", 6.0, 0.0, 1.7),  # a new telephone menu
    ("shipping", 6.0, 0.0, 0.75),  # a better carrier
    ("operations", 3.0, 0.0, 2.2),  # the order portal moves
    ("warranty", 2.0, 0.0, 1.6),  # claims of the recalled batch
    ("billing", 3.0, 0.0, 0.12),  # invoices follow the price list, since billing's corrective action
    ("corporate", 4.0, 3.0, 3.5),  # a price rise
)
# Who caused it, and whose trouble it looks like at first; one in so many is mistaken like that.
LOOKS_LIKE: dict[str, str] = {
    "operations": "shipping",
    "procurement": "manufacturing",
    "manufacturing": "warranty",
    "sales": "billing",
    "phone_system": "customer_service",
    "design_engineering": "warranty",
    "product_development": "marketing",
    "billing": "customer_service",
}
MISTAKEN = 0.12
LONGER_WHEN_MISTAKEN = 2.2
LEAST_SEVERITY = 0.25
SLOWING = 0.5
ORDERS_LOST_TO_ABSENCE = 0.3
