"""How numbers, money and moments are written: in the organisation's currency and locale, in the person's zone."""

import datetime
import decimal
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_compact_currency, format_currency, format_decimal
from django.utils import timezone

from accounts.models import Organisation
from accounts.prepared import Prepared

Number = float | int | decimal.Decimal
MINUS = "−"
FALLBACK_LOCALE = "en_GB"
BRITISH_SIZES = re.compile(r"[KMBT](?=$|\W)")
UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
# A day further away than this is written with its year.
NEAR_DAYS = 300

_ORGANISATION = Prepared(lambda: Organisation.objects.order_by("pk")[:1])
_current: ContextVar[Organisation | None] = ContextVar("organisation", default=None)


def organisation() -> Organisation:
    """Return the company: the one of this request, or else as the database has it now."""
    return _current.get() or next(iter(_ORGANISATION()), None) or Organisation()


@contextmanager
def in_the_style_of(company: Organisation) -> Iterator[None]:
    """Write everything within the block in the company's currency and locale, without asking again."""
    token = _current.set(company)
    try:
        yield
    finally:
        _current.reset(token)


def zone_named(*names: str) -> datetime.tzinfo:
    """Return the first zone that exists among the names, else UTC."""
    for name in filter(None, names):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return datetime.UTC


def locale_of(company: Organisation) -> Locale:
    """Return the company's locale; British English where it names none that exists."""
    return _locale_named(company.locale)


# A page asks for it at each of its figures.
@lru_cache(maxsize=32)
def _locale_named(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(FALLBACK_LOCALE)


def money(amount: Number | None) -> str:
    """Write an amount in whole units of the company's currency, such as £184,200."""
    if amount is None:
        return "—"
    company = organisation()
    return _whole(round(amount), company.currency, locale_of(company))


@lru_cache(maxsize=8192)
def _whole(amount: int, currency: str, locale: Locale) -> str:
    # The locale's own pattern less its coins: £1,234 in Britain, 1.234 € in Germany.
    pattern = locale.currency_formats["standard"].pattern.replace(".00", "")
    whole = decimal.Decimal(amount)
    return _with_minus(format_currency(whole, currency, format=pattern, locale=locale, currency_digits=False))


def exact_money(amount: Number | None) -> str:
    """Write an amount to the smallest coin, such as £640.50."""
    if amount is None:
        return "—"
    company = organisation()
    return _with_minus(format_currency(amount, company.currency, locale=locale_of(company)))


def short_money(amount: Number | None) -> str:
    """Write an amount to three digits, such as £482k or £1.52m."""
    if amount is None:
        return "—"
    company = organisation()
    size = abs(float(amount))
    digits = 0 if size < 1_000 or 100_000 <= size < 1_000_000 else 1 if size < 100_000 else 2
    return _compact(round(amount), company.currency, locale_of(company), digits)


# Looking up how a locale writes such amounts takes longer than all else on a page of many.
@lru_cache(maxsize=8192)
def _compact(amount: int, currency: str, locale: Locale, digits: int) -> str:
    text = format_compact_currency(amount, currency, locale=locale, fraction_digits=digits)
    # Browsers, which write the charts, know of Britain's small letters; babel's tables are older.
    return _with_minus(BRITISH_SIZES.sub(_small, text) if locale.territory == "GB" else text)


def _small(found: re.Match[str]) -> str:
    return {"K": "k", "M": "m", "B": "bn", "T": "tn"}[found[0]]


def number(value: Number | None) -> str:
    """Write a count or figure with the locale's separators."""
    return "—" if value is None else _plain(value, locale_of(organisation()))


@lru_cache(maxsize=8192)
def _plain(value: Number, locale: Locale) -> str:
    return _with_minus(str(format_decimal(value, locale=locale)))


def percent(share: Number | None) -> str:
    """Write a share of 0 to 1 in whole per cent; what is neither 0 nor 1 never looks so."""
    if share is None:
        return "—"
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return _with_minus(f"{round(float(share) * 100):d}%")


def points(share: Number | None) -> str:
    """Write points of risk, a share of 0 to 1, with their sign: +18 or −6; 0.4 of a point is +0.4."""
    if share is None:
        return "—"
    hundredths = float(share) * 100
    text = f"{hundredths:+.1f}" if 0.05 <= abs(hundredths) < 0.95 else f"{round(hundredths):+d}"
    return "0" if text in {"+0", "-0"} else _with_minus(text)


def signed(value: Number | None) -> str:
    """Write a whole number with its sign."""
    return "—" if value is None else _with_minus(f"{round(value):+d}") if round(value) else "0"


def span(seconds: float) -> str:
    """Write a length of time in its largest unit: 34 d, 5 h, 12 min, 8 s."""
    size = abs(seconds)
    name, length = next(((name, length) for name, length in UNITS if size >= length), UNITS[-1])
    return f"{int(size // length):,d} {name}"


def exact_moment(moment: datetime.datetime) -> str:
    """Write a moment to the minute, with the zone, as the person's clock has it."""
    local = timezone.localtime(moment)
    return f"{_written(local.date(), 'd MMMM y', locale_of(organisation()))}, {local:%H:%M} {local.tzname()}"


def exact_day(day: datetime.date) -> str:
    """Write a day in full."""
    return _written(day, "EEEE, d MMMM y", locale_of(organisation()))


def short_day(day: datetime.date) -> str:
    """Write a day briefly: 12 Jan, with the year where it is far away."""
    pattern = "d MMM" if abs((day - timezone.localdate()).days) <= NEAR_DAYS else "d MMM y"
    return _written(day, pattern, locale_of(organisation()))


@lru_cache(maxsize=8192)
def _written(day: datetime.date, pattern: str, locale: Locale) -> str:
    return str(format_date(day, pattern, locale=locale))


def _with_minus(text: str) -> str:
    return text.replace("-", MINUS)
