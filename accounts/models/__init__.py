"""Facts about customers."""

from accounts.models.account import Account, Contact
from accounts.models.audit import AuditEntry
from accounts.models.base import Viewer
from accounts.models.catalog import Holding, Product
from accounts.models.change import AccountChange, SignalChange
from accounts.models.order import Order, OrderLine
from accounts.models.organisation import Organisation
from accounts.models.past_account import PastAccount
from accounts.models.signal import Signal
from accounts.models.touchpoint import Channel, Purpose, Touchpoint

__all__ = [
    "Account",
    "AccountChange",
    "AuditEntry",
    "Channel",
    "Contact",
    "Holding",
    "Order",
    "OrderLine",
    "Organisation",
    "PastAccount",
    "Product",
    "Purpose",
    "Signal",
    "SignalChange",
    "Touchpoint",
    "Viewer",
]
