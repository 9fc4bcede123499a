"""What a mapping says of another system's log of events: what its states mean, and which departments its groups are."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from departments.actions.past_waits import LONGEST_DAYS, NAMED
from departments.models import Reason, WaitedFor, WaitReason
from retention.imports.toml_tables import TomlTable

CASE_FIELDS = ("account", "friction_type", "severity", "title")
GROUP_KEYS = {"names", "unknown", "missing", "reason", "words"}
WAIT_KEYS = {"waits_for", "reason", "department", "name", "words", "days"}


class Meaning(StrEnum):
    """What an event tells of its case: where it stands then, or no more than whose desk it lies on."""

    NEW = "new"
    IN_WORK = "in_work"
    RESOLVED = "resolved"
    UNCHANGED = "unchanged"
    WAITING = "waiting"


@dataclass(frozen=True)
class WaitRule:
    """What a state that waits says: for whom, by a group of the log or a name, why, and for how many days at most."""

    waited_for: str
    reason: str
    group: str | None
    name: str
    words: str
    days: int


@dataclass(frozen=True)
class LogRules:
    """States by the log's words, with what those that wait say; departments by the log's groups.

    `names` are short names by group. `creates` says whether a group that is no department yet becomes one. `missing`
    is the group of events that name none; without it, they leave the case where it lies. `reason` and `words` are
    what every hand-off is recorded with, since logs seldom tell them.
    """

    meanings: dict[str, Meaning]
    waits: dict[str, WaitRule]
    names: dict[str, str]
    creates: bool
    missing: str | None
    reason: str
    words: str


def read_log_rules(record: TomlTable, kind: str) -> LogRules | None:
    """Read [records.states] and [records.groups] of a record; None where it is not made of events."""
    if kind != "event":
        for key in ("states", "groups"):
            if key in record.content:
                raise record.wrong(key, "only events have these")
        return None
    _check_record(record)
    groups = record.table("groups")
    groups.only_knows(GROUP_KEYS)
    names, states = groups.table("names"), record.table("states")
    waits = {word: _wait(states, word) for word, said in states.content.items() if isinstance(said, dict)}
    unknown = groups.text("unknown", default="refuse")
    if unknown not in ("refuse", "create"):
        raise groups.wrong("unknown", f"must be 'refuse' or 'create', not {unknown!r}")
    return LogRules(
        meanings=_meanings(states),
        waits=waits,
        names={group: names.text(group) for group in names.content},
        creates=unknown == "create",
        missing=groups.optional_text("missing"),
        reason=_reason(groups),
        words=groups.text("words", default=""),
    )


def _check_record(record: TomlTable) -> None:
    if "group_by" in record.content:
        raise record.wrong("group_by", "events are put together by their case")
    fields = record.table("fields")
    for name in CASE_FIELDS:
        if name not in fields.content:
            raise fields.wrong(name, "is missing: the first event of a case tells it")
    if "states" not in record.content:
        raise record.wrong("states", "is missing: say what the log's states mean")


def _meanings(states: TomlTable) -> dict[str, Meaning]:
    found = {}
    plain = [meaning for meaning in Meaning if meaning != Meaning.WAITING]
    for word, said in states.content.items():
        if isinstance(said, dict):
            found[word] = Meaning.WAITING
            continue
        meaning = states.text(word)
        if meaning not in plain:
            wait = "or a table that says whom it waits for"
            raise states.wrong(word, f"must be one of {', '.join(plain)}, {wait}, not {meaning!r}")
        found[word] = Meaning(meaning)
    return found


def _wait(states: TomlTable, word: str) -> WaitRule:
    said = states.table(word)
    said.only_knows(WAIT_KEYS)
    waited_for = _one_of(said, "waits_for", WaitedFor.values)
    _check_whom(said, waited_for)
    days = said.whole_number("days") if "days" in said.content else LONGEST_DAYS
    if days > LONGEST_DAYS:
        raise said.wrong("days", f"must be at most {LONGEST_DAYS}")
    return WaitRule(
        waited_for=waited_for,
        reason=_one_of(said, "reason", WaitReason.values),
        group=said.optional_text("department"),
        name=said.optional_text("name") or "",
        words=said.optional_text("words") or word,
        days=days,
    )


def _one_of(table: TomlTable, key: str, values: Sequence[str]) -> str:
    value = table.text(key)
    if value not in values:
        raise table.wrong(key, f"must be one of {', '.join(values)}, not {value!r}")
    return value


def _check_whom(said: TomlTable, waited_for: str) -> None:
    """A department that is waited for is named; so are a supplier and somebody else, and the customer is not."""
    named_by = {WaitedFor.DEPARTMENT.value: "department"} | {each.value: "name" for each in NAMED}
    needed = named_by.get(waited_for)
    if needed is not None:
        said.text(needed)
    for key in {"department", "name"} - {needed}:
        if key in said.content:
            raise said.wrong(key, f"means nothing where {waited_for!r} is waited for")


def _reason(groups: TomlTable) -> str:
    if "reason" not in groups.content:
        return Reason.ONLY_THEY_CAN_FIX.value
    return _one_of(groups, "reason", Reason.values)
