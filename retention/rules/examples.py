"""Rules to begin with, where one incident stands for more than one signal."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """A rule that somebody may begin with: its kind of signal, and what the editor shows at first."""

    kind: str
    words: str
    fields: dict[str, Any]


EXAMPLES: Mapping[str, StartingPoint] = MappingProxyType(
    {
        "several-calls": StartingPoint(
            "call",
            "Three calls in a week are one incident",
            {
                "name": "Had to call again and again",
                "condition": "wait_seconds >= 0",
                "title": "{count} calls within a week",
                "severity": "0.5",
                "gathers": "several",
                "grouping_count": 3,
                "grouping_days": 7,
            },
        ),
        "bad-batch": StartingPoint(
            "inspection",
            "Inspection failed: every account that got this batch in 180 days",
            {
                "name": "Got a batch that failed",
                "condition": "passed == false",
                "title": "Got batch {batch}, which failed inspection",
                "severity": "0.5",
                "gathers": "batch",
                "batch_days": 180,
            },
        ),
    }
)
