"""The groups of another system's log as departments: found by short name or name, or made where the mapping says so."""

from collections.abc import Iterable

from django.utils.text import slugify

from departments.actions.past_waits import LONGEST_NAME as LONGEST_NAME_WAITED_FOR
from departments.actions.past_waits import PastWait
from departments.models import Department, WaitedFor
from retention.imports.log_rules import LogRules, WaitRule
from retention.imports.targets import TARGETS

LONGEST_SLUG, LONGEST_NAME = 40, 80


class Groups:
    """Which department each group is; `created` counts those that were made for it."""

    def __init__(self, rules: LogRules) -> None:
        self._rules = rules
        self._ids: dict[str, int] = {}
        self._found: dict[str, int | None] = {}
        self.created = 0
        for key, slug, name in Department.objects.values_list("pk", "slug", "name"):
            self._ids[name] = key
            self._ids[slug] = key

    def make(self, groups: Iterable[str | None]) -> None:
        """Make departments of the groups that are none yet, if the mapping says so."""
        if not self._rules.creates:
            return
        named = {group or self._rules.missing for group in groups}
        wanted = {self._slug(group): group for group in sorted(group for group in named if group)}
        fresh = [
            Department(slug=slug, name=group[:LONGEST_NAME], **TARGETS["department"].constants)
            for slug, group in wanted.items()
            if slug and slug not in self._ids and group not in self._ids
        ]
        self._ids |= {made.slug: made.pk for made in Department.objects.bulk_create(fresh)}
        self.created += len(fresh)
        self._found = {}

    def of(self, group: str | None) -> int | None:
        """Return the group's department; None where the event names none, or the log's group is none."""
        named = group or self._rules.missing
        if named is None:
            return None
        if named not in self._found:
            self._found[named] = self._ids.get(self._slug(named)) or self._ids.get(named)
        return self._found[named]

    def problem(self, group: str | None) -> str:
        """Say what is wrong with a group; empty where it is a department, or nothing is named."""
        if (group is None and self._rules.missing is None) or self.of(group) is not None:
            return ""
        if self._rules.creates:
            return "makes no short name for a department: give it one under [records.groups.names]"
        return "is no department here: name it under [records.groups.names], or say there unknown = 'create'"

    def wait(self, rule: WaitRule, supplier: str | None) -> PastWait:
        """Return whom a state of the log waits for; a supplier by the name that the event tells, if it tells one."""
        name = supplier or rule.name if rule.waited_for == WaitedFor.SUPPLIER else rule.name
        return PastWait(
            waited_for=rule.waited_for,
            reason=rule.reason,
            department_id=None if rule.group is None else self.of(rule.group),
            name=name[:LONGEST_NAME_WAITED_FOR],
            words=rule.words,
            days=rule.days,
        )

    def _slug(self, group: str) -> str:
        return self._rules.names.get(group) or slugify(group)[:LONGEST_SLUG]
