"""Mappings read from TOML and checked word by word."""

import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

from retention.imports.errors import MappingError
from retention.imports.kinds import KINDS
from retention.imports.mapping import Column, Computed, LeaveOut, Mapping, shipped_mappings
from retention.imports.readers import FORMATS, Layout
from retention.imports.record_rules import RecordReader, condition_in, expression_in
from retention.imports.toml_tables import TomlTable
from retention.imports.values import FALSE_WORDS, TRUE_WORDS, TYPES, ValueRules

SIZE_LIMIT = 256 * 1024
LONGEST_SOURCE = 64
TOP_KEYS = {
    "name", "description", "source", "timezone", "shift_by", "derive", "input", "columns", "computed", "leave_out",
    "records",
}  # fmt: skip
INPUT_KEYS = {"format", "encoding", "delimiter", "sheet", "skip_lines", "decimal", "thousands", "empty"}
COLUMN_KEYS = {
    "heading", "type", "formats", "timezone", "decimal", "thousands", "empty", "true", "false", "values", "default",
    "required", "optional",
}  # fmt: skip
DERIVED = ("annual_revenue", "customer_since")
LEAVE_OUT_KEYS = {"reason", "when", "still_makes"}


def find_mapping(name_or_path: str) -> Mapping:
    """Read a mapping by the name of a shipped one or by its path."""
    path = shipped_mappings().get(name_or_path, Path(name_or_path))
    if not path.is_file():
        known = ", ".join(shipped_mappings())
        raise MappingError(name_or_path, "", "", f"there is no such mapping; shipped ones are {known}")
    return read_mapping(path.name, path.read_bytes())


def read_mapping(file: str, content: bytes) -> Mapping:
    """Read a mapping from TOML; MappingError names file, table and key of what is wrong."""
    if len(content) > SIZE_LIMIT:
        raise MappingError(file, "", "", f"is larger than {SIZE_LIMIT // 1024} KiB")
    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
        return _mapping(TomlTable(file, "", document))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MappingError(file, "", "", f"is not TOML: {error}") from error


def _mapping(top: TomlTable) -> Mapping:
    top.only_knows(TOP_KEYS)
    zone = top.timezone(ZoneInfo("UTC"))
    columns = _columns(top, zone)
    types = {column.name: column.rules.type for column in columns}
    computed = _computed(top.table("computed"), types, zone)
    types |= {each.name: each.expression.type for each in computed}
    return Mapping(
        file=top.file,
        name=top.text("name", default=top.file.removesuffix(".toml")),
        description=top.text("description", default=""),
        source=_source(top),
        timezone=zone,
        shift_by=_shift_by(top, columns),
        derive=_derive(top),
        layout=_layout(top.table("input")),
        columns=columns,
        computed=computed,
        leave_outs=tuple(_leave_out(table, types, zone) for table in top.tables("leave_out")),
        records=RecordReader(types, zone).records(top),
    )


def _source(top: TomlTable) -> str:
    source = top.text("source")
    if len(source) > LONGEST_SOURCE:
        raise top.wrong("source", f"is longer than {LONGEST_SOURCE} characters")
    return source


def _derive(top: TomlTable) -> tuple[str, ...]:
    derive = top.texts("derive")
    for name in derive:
        if name not in DERIVED:
            raise top.wrong("derive", f"{name!r} cannot be derived (known: {', '.join(DERIVED)})")
    return derive


def _layout(table: TomlTable) -> Layout:
    table.only_knows(INPUT_KEYS)
    file_format = table.optional_text("format")
    if file_format is not None and file_format not in FORMATS:
        raise table.wrong("format", f"must be one of {', '.join(FORMATS)}, not {file_format!r}")
    encoding = table.optional_text("encoding")
    try:
        "".encode(encoding or "utf-8")
    except LookupError:
        raise table.wrong("encoding", f"there is no encoding {encoding!r}") from None
    delimiter = table.optional_text("delimiter") if table.content.get("delimiter") != "\t" else "\t"
    if delimiter is not None and len(delimiter) != 1:
        raise table.wrong("delimiter", "must be one character")
    return Layout(file_format, encoding, delimiter, table.optional_text("sheet"), table.whole_number("skip_lines"))


def _columns(top: TomlTable, zone: ZoneInfo) -> tuple[Column, ...]:
    tables, general = top.table("columns"), top.table("input")
    if not tables.content:
        raise tables.wrong("", "there is none: name the columns of the file")
    return tuple(_column(tables, name, general, zone) for name in tables.content)


def _column(tables: TomlTable, name: str, general: TomlTable, zone: ZoneInfo) -> Column:
    if not name.isidentifier():
        raise tables.wrong(name, "a column's name is made of letters, digits and _")
    written = tables.content[name]
    if isinstance(written, str):
        return Column(name, (written,), _rules(tables, TomlTable(tables.file, "", {}), general, zone), optional=False)
    if not isinstance(written, dict):
        raise tables.wrong(name, 'must be a heading or a table such as { heading = "Price", type = "money" }')
    table = tables.table(name)
    table.only_knows(COLUMN_KEYS)
    rules = _rules(tables, table, general, zone)
    return Column(name, table.texts("heading", (name,)), rules, optional=table.flag("optional"))


def _rules(tables: TomlTable, table: TomlTable, general: TomlTable, zone: ZoneInfo) -> ValueRules:
    kind = table.text("type", default="text")
    if kind not in TYPES:
        raise table.wrong("type", f"must be one of {', '.join(TYPES)}, not {kind!r}")
    translations = table.table("values")
    # What is said of all columns under [input] holds where the column itself says nothing.
    numbers = TomlTable(tables.file, table.name, general.content | table.content)
    return ValueRules(
        type=kind,
        formats=table.texts("formats"),
        timezone=table.timezone(zone),
        decimal_sign=numbers.text("decimal", default="."),
        thousands_sign=numbers.text("thousands", default=""),
        empty=numbers.texts("empty"),
        true=table.texts("true", TRUE_WORDS),
        false=table.texts("false", FALSE_WORDS),
        translations=tuple((text, translations.text(text, default="")) for text in translations.content),
        default=table.optional_text("default"),
        required=table.flag("required"),
    )


def _computed(table: TomlTable, types: dict[str, str], zone: ZoneInfo) -> tuple[Computed, ...]:
    known = dict(types)
    computed = []
    for name in table.content:
        if not name.isidentifier() or name in known:
            raise table.wrong(name, "must be a new name, made of letters, digits and _")
        expression = expression_in(table, name, known, zone)
        known[name] = expression.type
        computed.append(Computed(name, expression))
    return tuple(computed)


def _shift_by(top: TomlTable, columns: tuple[Column, ...]) -> str | None:
    dated = [column for column in columns if column.rules.type in {"date", "datetime"}]
    name = top.optional_text("shift_by")
    if name is not None and name not in {column.name for column in dated}:
        raise top.wrong("shift_by", f"there is no column {name!r} with dates")
    # Without a word, the first date that every line has: when it happened.
    likely = [column.name for column in dated if column.rules.required] + [column.name for column in dated]
    return name or next(iter(likely), None)


def _leave_out(table: TomlTable, types: dict[str, str], zone: ZoneInfo) -> LeaveOut:
    table.only_knows(LEAVE_OUT_KEYS)
    still_makes = table.texts("still_makes")
    for kind in still_makes:
        if kind not in KINDS:
            raise table.wrong("still_makes", f"there is no kind of record {kind!r}")
    return LeaveOut(table.text("reason"), condition_in(table, types, zone), still_makes)
