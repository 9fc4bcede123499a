"""What the editor of a rule completes and explains: fields, operators and functions, from the registry of signals."""

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.signals import Field, Kind

EXAMPLES = {
    "number": "{name} > 2",
    "integer": "{name} > 0",
    "boolean": "{name}, or {name} == false for a known no",
    "text": '{name} == "…", or {name} in ["…", "…"]',
    "date": '{name} >= "2026-01-01"',
}
# What stands between fields, and what it means.
OPERATORS = (
    ("and", "both hold", "days_late > 2 and damaged"),
    ("or", "at least one holds", "damaged or wrong_product"),
    ("not", "it does not hold, or is not known", "not announced"),
    ("in", "is one of these", 'carrier in ["A", "B"]'),
    ("==", "is; != is not", "announced == false"),
    (">", "more than; >=, < and <= likewise", "days_late >= 3"),
    ("=~", "begins like this pattern", 'carrier =~ "North.*"'),
    ("true", "a known yes", "damaged == true"),
    ("false", "a known no", "issued == false"),
    ("null", "not known", "carrier == null"),
    ("$abs", "without its sign", "$abs(amount_difference) > 10"),
    ("$max", "the largest", "$max([a, b])"),
    ("$min", "the smallest", "$min([a, b])"),
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a condition, what it is, what it means, and how it is used."""

    word: str
    what: str
    meaning: str
    example: str


def field_words(kind: Kind) -> list[Word]:
    """Return the fields of a kind of signal."""
    return [_field(field) for field in kind.fields]


def operator_words() -> list[Word]:
    """Return what stands between fields."""
    return [Word(word, "operator", meaning, example) for word, meaning, example in OPERATORS]


def completions(kind: Kind) -> list[dict[str, str]]:
    """Return everything that may be completed in a condition, as the browser reads it."""
    return [
        {"word": word.word, "what": word.what, "meaning": word.meaning, "example": word.example}
        for word in (*field_words(kind), *operator_words())
    ]


def number_fields(kind: Kind) -> Iterator[Field]:
    """Yield the fields over which there can be bands."""
    return (field for field in kind.fields if field.type in ("number", "integer"))


def _field(field: Field) -> Word:
    what = f"{field.type}, in {field.unit}" if field.unit else field.type
    return Word(field.name, what, field.meaning, EXAMPLES[field.type].format(name=field.name))
