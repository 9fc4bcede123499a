"""What a mapping says of another system's log of events: what its states mean, and which departments its groups are."""

from dataclasses import dataclass
from enum import StrEnum

from departments.models import Reason
from retention.imports.toml_tables import TomlTable

CASE_FIELDS = ("account", "friction_type", "severity", "title")
GROUP_KEYS = {"names", "unknown", "missing", "reason", "words"}


class Meaning(StrEnum):
    """What an event tells of its case: where it stands then, or no more than whose desk it lies on."""

    NEW = "new"
    IN_WORK = "in_work"
    RESOLVED = "resolved"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class LogRules:
    """States by the log's words; departments by the log's groups.

    `names` are short names by group. `creates` says whether a group that is no department yet becomes one. `missing`
    is the group of events that name none; without it, they leave the case where it lies. `reason` and `words` are
    what every hand-off is recorded with, since logs seldom tell them.
    """

    meanings: dict[str, Meaning]
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
    names = groups.table("names")
    unknown = groups.text("unknown", default="refuse")
    if unknown not in ("refuse", "create"):
        raise groups.wrong("unknown", f"must be 'refuse' or 'create', not {unknown!r}")
    return LogRules(
        meanings=_meanings(record.table("states")),
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
    for word in states.content:
        meaning = states.text(word)
        if meaning not in tuple(Meaning):
            raise states.wrong(word, f"must be one of {', '.join(Meaning)}, not {meaning!r}")
        found[word] = Meaning(meaning)
    return found


def _reason(groups: TomlTable) -> str:
    reason = groups.text("reason", default=Reason.ONLY_THEY_CAN_FIX.value)
    if reason not in Reason.values:
        raise groups.wrong("reason", f"must be one of {', '.join(Reason.values)}, not {reason!r}")
    return reason
