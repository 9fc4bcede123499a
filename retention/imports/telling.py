"""A summary in sentences, as a person reads it."""

from collections.abc import Iterator

from retention.imports.errors import Refusal
from retention.imports.loading import Summary
from retention.imports.writing import RecordCounts

PLURALS = {"person": "people"}
DERIVED = {"annual_revenue": "annual revenue", "customer_since": "first day as a customer"}


def sentences(summary: Summary) -> Iterator[str]:
    """What was read, left out and refused, and what became of the records of each kind."""
    lines = summary.lines
    if summary.weeks_shifted:
        yield f"Dates moved by {summary.weeks_shifted:,} weeks."
    yield f"Lines: {lines.read:,} read, {lines.used:,} used, {lines.refused:,} refused."
    for reason, number in lines.left_out.most_common():
        yield f"  {number:,} left out: {reason}"
    for kind, counts in summary.records.items():
        yield f"{plural(kind).capitalize()}: {told_counts(counts)}."
    if summary.unfinished:
        yield _told_unfinished(summary)
    for name, number in summary.derived.items():
        yield f"The {DERIVED[name]} was read off the orders anew for {number:,} accounts."


def _told_unfinished(summary: Summary) -> str:
    named, rest = ", ".join(summary.unfinished_named), summary.unfinished - len(summary.unfinished_named)
    more = f" and {rest:,} more" if rest else ""
    many = f"{summary.unfinished:,} cases do" if summary.unfinished != 1 else "1 case does"
    return f"{many} not come to an end in the log; loaded as far as it is known: {named}{more}."


def plural(kind: str) -> str:
    """The word for several records of a kind."""
    return PLURALS.get(kind, f"{kind}s").replace("_", " ")


def told_counts(counts: RecordCounts) -> str:
    """The counts of one kind in a row."""
    told = [
        f"{counts.created:,} created",
        f"{counts.updated:,} updated",
        f"{counts.unchanged:,} unchanged",
        f"{counts.refused:,} refused",
    ]
    if counts.superseded:
        told.append(f"{counts.superseded:,} superseded by a later line")
    if counts.linked:
        told.append(f"{counts.linked:,} linked to the order they credit")
    return ", ".join(told)


def told(refusal: Refusal) -> str:
    """A refusal in one line."""
    named = f"{refusal.field} " if refusal.field else ""
    value = f"{refusal.value[:80]!r} " if refusal.value else ""
    return f"{refusal.file}, line {refusal.line}: {named}{value}{refusal.reason}"
