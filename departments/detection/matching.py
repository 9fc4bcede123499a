"""What rules find in signals: signals in, findings out; nothing is written."""

import datetime
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rule_engine.errors import EngineError

from accounts.signals import KINDS
from departments.conditions import (
    Condition,
    ConditionError,
    Severity,
    Title,
    compile_condition,
    compile_severity,
    compile_title,
    values_of,
)
from departments.models import DetectionRule

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule, ready to be held against signals."""

    id: int
    version: int
    kind: str
    name: str
    friction_type_id: int
    condition: Condition
    severity: Severity
    title: Title
    count: int = 1
    days: int = 0
    follows_batches: bool = False

    @property
    def gathers(self) -> bool:
        """Return whether its incidents stand for several signals, or several accounts for one of its signals."""
        return self.count > 1 or self.follows_batches


@dataclass(frozen=True, slots=True)
class SignalRow:
    """What detection needs to know of a signal."""

    id: int
    account_id: int
    kind: str
    order_id: int | None
    happened_at: datetime.datetime
    recorded_at: datetime.datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule matched a signal: an incident should be open, this heavy and under this title."""

    rule: CompiledRule
    signal: SignalRow
    severity: float
    title: str

    @property
    def why(self) -> dict[str, Any]:
        """Return what the condition read, by field; what the signal does not say is None."""
        return {name: self.signal.data.get(name) for name in self.rule.condition.fields}


Rules = Mapping[str, tuple[CompiledRule, ...]]


def compile_rules(rules: Iterable[DetectionRule]) -> Rules:
    """Return the rules by kind of signal; one that no longer compiles is left out, and the log says so."""
    compiled: dict[str, tuple[CompiledRule, ...]] = {}
    for rule in rules:
        try:
            ready = compile_rule(rule)
        except ConditionError as error:
            logger.error("The detection rule %s is left out: %s", rule.slug, error)
            continue
        compiled[rule.signal_kind] = (*compiled.get(rule.signal_kind, ()), ready)
    return compiled


def compile_rule(rule: DetectionRule) -> CompiledRule:
    """Return the rule ready for use; raises ConditionError with a sentence."""
    return CompiledRule(
        id=rule.pk or 0,
        version=rule.version,
        kind=rule.signal_kind,
        name=rule.name,
        friction_type_id=rule.friction_type_id,
        condition=compile_condition(rule.signal_kind, rule.condition),
        severity=compile_severity(rule.signal_kind, rule.severity),
        title=compile_title(rule.signal_kind, rule.title),
        count=rule.grouping_count or 1,
        days=rule.grouping_days or rule.batch_days or 0,
        follows_batches=rule.batch_days is not None,
    )


def findings(signals: Iterable[SignalRow], rules: Rules) -> Iterator[Finding]:
    """Yield what the rules find; data that a rule cannot be held against are no finding, and the log says so."""
    for signal in signals:
        of_kind = rules.get(signal.kind, ())
        values = values_of(KINDS[signal.kind], signal.data) if of_kind else {}
        for rule in of_kind:
            try:
                if rule.condition.matches(values):
                    yield _finding(rule, signal, values)
            except EngineError as error:
                logger.warning("Signal %s does not fit the rule “%s”: %s", signal.id, rule.name, error.message)


def _finding(rule: CompiledRule, signal: SignalRow, values: Mapping[str, Any]) -> Finding:
    title = rule.title.fill(signal.data).strip() or rule.name
    return Finding(rule, signal, rule.severity.of(values), title)
