"""Text of a file → values: what each type of column accepts."""

import datetime as dt
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from retention.imports.errors import BadValue
from retention.imports.sources import UNDECODABLE

TYPES = ("text", "integer", "decimal", "money", "boolean", "date", "datetime")
REMEMBERED_VALUES = 20_000
PLAIN_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
CURRENCY_SIGNS = re.compile(r"[\s£$€¥]|(?<![A-Za-z])(GBP|EUR|USD|CHF)(?![A-Za-z])")
TRUE_WORDS = ("true", "yes", "y", "t", "1")
FALSE_WORDS = ("false", "no", "n", "f", "0")
ISO_FORMATS = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"}
FIRST_YEAR, LAST_YEAR = 1800, 2999

Value = str | int | Decimal | bool | dt.date | dt.datetime | None
Convert = Callable[[str], Value]


@dataclass(frozen=True)
class ValueRules:
    """How the values of one column are written."""

    type: str = "text"
    formats: tuple[str, ...] = ()
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    decimal_sign: str = "."
    thousands_sign: str = ""
    empty: tuple[str, ...] = ()
    true: tuple[str, ...] = TRUE_WORDS
    false: tuple[str, ...] = FALSE_WORDS
    translations: tuple[tuple[str, str], ...] = ()
    default: str | None = None
    required: bool = False
    shift: dt.timedelta = dt.timedelta()


class Remembering(dict[Any, Any]):
    """Converts each distinct value once, because the values of a column repeat; holds a bounded number."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, text: Any) -> Any:
        value = self._convert(text)
        if len(self) >= REMEMBERED_VALUES:
            self.clear()
        self[text] = value
        return value


def converter(rules: ValueRules) -> Convert:
    """A function from text to a value of the column's type, None where empty; it raises BadValue."""
    return Remembering(_with_empty(rules, PARSERS[rules.type](rules))).__getitem__


def _with_empty(rules: ValueRules, parse: Convert) -> Convert:
    translations = dict(rules.translations)

    def convert(text: str) -> Value:
        cleaned = _cleaned(text)
        if not cleaned or cleaned in rules.empty:
            cleaned = rules.default or ""
        cleaned = translations.get(cleaned, cleaned)
        if cleaned:
            return parse(cleaned)
        if rules.required:
            raise BadValue("is empty")
        return None

    return convert


def _cleaned(text: str) -> str:
    if "\0" in text:
        raise BadValue("holds a zero character")
    if UNDECODABLE in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)):
        raise BadValue("holds bytes that are not text in the file's encoding")
    return text.strip()


def _text(_rules: ValueRules) -> Convert:
    return str


def _decimal(rules: ValueRules) -> Convert:
    def parse(text: str) -> Decimal:
        return _number(text, rules, "a number")

    return parse


def _money(rules: ValueRules) -> Convert:
    def parse(text: str) -> Decimal:
        bare = CURRENCY_SIGNS.sub("", text)
        if bare.startswith("(") and bare.endswith(")"):
            return -_number(bare[1:-1], rules, "an amount of money")
        return _number(bare, rules, "an amount of money")

    return parse


def _integer(rules: ValueRules) -> Convert:
    def parse(text: str) -> int:
        number = _number(text, rules, "a whole number")
        if number != number.to_integral_value():
            raise BadValue("is not a whole number")
        return int(number)

    return parse


def _number(text: str, rules: ValueRules, name: str) -> Decimal:
    bare = text.replace(rules.thousands_sign, "") if rules.thousands_sign else text
    if rules.decimal_sign != ".":
        if "." in bare:
            raise BadValue(f"is not {name} with the decimal sign {rules.decimal_sign!r}")
        bare = bare.replace(rules.decimal_sign, ".")
    if not PLAIN_NUMBER.fullmatch(bare):
        raise BadValue(f"is not {name}")
    return Decimal(bare)


def _boolean(rules: ValueRules) -> Convert:
    words = {word.lower(): True for word in rules.true} | {word.lower(): False for word in rules.false}

    def parse(text: str) -> bool:
        try:
            return words[text.lower()]
        except KeyError:
            raise BadValue("is neither yes nor no") from None

    return parse


def _datetime(rules: ValueRules) -> Convert:
    def parse(text: str) -> dt.datetime:
        moment = _moment(text, rules.formats, "a date with a time")
        return _shifted(moment, rules.shift).astimezone(dt.UTC) if moment.tzinfo else _local(moment, rules)

    return parse


def _local(moment: dt.datetime, rules: ValueRules) -> dt.datetime:
    # Shifted on the wall clock, so that an order of nine o'clock stays one when the clocks change in between.
    return _shifted(moment, rules.shift).replace(tzinfo=rules.timezone).astimezone(dt.UTC)


def _date(rules: ValueRules) -> Convert:
    def parse(text: str) -> dt.date:
        moment = _moment(text, rules.formats, "a date")
        local = moment.astimezone(rules.timezone) if moment.tzinfo else moment
        return _shifted(local, rules.shift).date()

    return parse


def _moment(text: str, formats: tuple[str, ...], name: str) -> dt.datetime:
    # Spreadsheets hand over ISO dates, whatever the format of the column. They come last, except where the first
    # format is ISO's own, because reading that one is fifty times as fast.
    readers: list[Callable[[str], dt.datetime]] = [
        functools.partial(_written_as, pattern) for pattern in formats if pattern not in ISO_FORMATS
    ]
    readers.insert(0 if formats and formats[0] in ISO_FORMATS else len(readers), dt.datetime.fromisoformat)
    for read in readers:
        try:
            return _checked(read(text), name)
        except ValueError:
            continue
    written = f" written as {' or '.join(formats)}" if formats else " (such as 2026-03-31)"
    raise BadValue(f"is not {name}{written}")


def _written_as(pattern: str, text: str) -> dt.datetime:
    return dt.datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is set by the caller


def _checked(moment: dt.datetime, name: str) -> dt.datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise BadValue(f"is not {name} between the years {FIRST_YEAR} and {LAST_YEAR}")
    return moment


def _shifted(moment: dt.datetime, shift: dt.timedelta) -> dt.datetime:
    return moment + shift


PARSERS: dict[str, Callable[[ValueRules], Convert]] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "money": _money,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
}


def as_text(value: Any) -> str:
    """A value as it stands in templates and texts: no exponent, no trailing zone where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
