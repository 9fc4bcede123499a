"""Mappings: which columns of a file make which records."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from retention.imports.expressions import Expression
from retention.imports.kinds import Field, Kind
from retention.imports.log_rules import LogRules
from retention.imports.readers import Layout
from retention.imports.values import ValueRules

SHIPPED = Path(__file__).parent / "mappings"


@dataclass(frozen=True)
class Column:
    """One column of the file, under the name that the mapping gives it."""

    name: str
    headings: tuple[str, ...]
    rules: ValueRules
    optional: bool


@dataclass(frozen=True)
class Computed:
    """A value computed from the columns of a line."""

    name: str
    expression: Expression


@dataclass(frozen=True)
class LeaveOut:
    """Lines that make no record except those of the kinds in `still_makes`; counted under `reason`."""

    reason: str
    when: Expression
    still_makes: tuple[str, ...]


@dataclass(frozen=True)
class FieldRule:
    """Where a field's value comes from: exactly one of a column, a constant or a template."""

    name: str
    field: Field
    column: str | None = None
    constant: str | None = None
    template: str | None = None
    aggregate: str = "first"


@dataclass(frozen=True)
class RecordRule:
    """One record made from a line, or from the group of lines with equal `group_by`; `log` is for events only."""

    kind: Kind
    when: Expression | None
    group_by: tuple[str, ...]
    account_source: str | None
    fields: tuple[FieldRule, ...]
    data: tuple[FieldRule, ...]
    lines: tuple[FieldRule, ...]
    log: LogRules | None = None


@dataclass(frozen=True)
class Mapping:
    """A checked mapping."""

    file: str
    name: str
    description: str
    source: str
    timezone: ZoneInfo
    shift_by: str | None
    derive: tuple[str, ...]
    layout: Layout
    columns: tuple[Column, ...]
    computed: tuple[Computed, ...]
    leave_outs: tuple[LeaveOut, ...]
    records: tuple[RecordRule, ...]

    @property
    def types(self) -> dict[str, str]:
        """The type of each column and computed value, in the order in which a line holds them."""
        columns = {column.name: column.rules.type for column in self.columns}
        return columns | {computed.name: computed.expression.type for computed in self.computed}

    @property
    def wanted_headings(self) -> list[str]:
        """Every heading that the mapping may ask for."""
        return [heading for column in self.columns for heading in column.headings]


def shipped_mappings() -> dict[str, Path]:
    """The mappings that come with the product, by their short names."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}
