"""Staged records made ready to be written, under the names of the model's columns."""

import json
from collections.abc import Iterator

from accounts.bulk import know_sizes, link_credits
from retention.imports.mapping import FieldRule
from retention.imports.sql import execute, quoted
from retention.imports.staging import Stage
from retention.imports.targets import LINE_MODELS, cast_value, column_of


def prepare(stage: Stage) -> None:
    """Make the table that holds what is to be written, under the names of the model's columns."""
    columns = [f'{expression} AS "{name}"' for name, expression in _expressions(stage)]
    execute(
        f"""
        CREATE TEMPORARY TABLE "{stage.prepared}" AS
        SELECT given.place, {", ".join(columns)}
        FROM "{stage.merged}" AS given {stage.joins()} {_more_joins(stage)}
        WHERE NOT EXISTS (SELECT FROM "{stage.refused}" AS refused WHERE refused.place = given.place)
        """
    )
    execute(f'CREATE INDEX ON "{stage.prepared}" (place)')
    execute(f'ANALYZE "{stage.prepared}"')


def link(stage: Stage) -> None:
    """Find the orders that credit notes were credited of; the orders must be written before."""
    execute(
        f"""
        CREATE TEMPORARY TABLE "{stage.credits}" AS
        SELECT given."{stage.key}" AS key, "to_account".id AS account_id, given.happened_at
        FROM "{stage.merged}" AS given {stage.joins()}
        """
    )
    execute(f'ANALYZE "{stage.credits}"')
    execute(f'ANALYZE "{stage.lines}"')
    know_sizes()
    link_credits(credit_notes=stage.credits, lines=stage.lines, links=stage.links)


def columns_to_write(stage: Stage) -> dict[str, list[str]]:
    """The columns that make a difference, those written along with one, and those written on creation."""
    initially = [name for name, _expression in _constants(stage)]
    follows = ["recorded_at"] if _recorded_at(stage) and not _tells_recording(stage) else []
    apart = {*initially, *follows, "source", stage.key}
    columns = [name for name, _expression in _expressions(stage) if name not in apart]
    return {"columns": columns, "follows": follows, "initially": initially}


def _expressions(stage: Stage) -> Iterator[tuple[str, str]]:
    if stage.key == "external_id":
        yield "source", f"{quoted(stage.source)}::varchar"
    for rule in stage.fields:
        model_field = column_of(stage.kind, rule.name)
        if rule.name == "recorded_at":
            continue
        if rule.field.names:
            yield model_field.column, f'"to_{rule.name}".id'
        elif rule.name == "email" and stage.kind == "person":
            yield "email", "lower(given.email)"
        else:
            yield model_field.column, cast_value(model_field, f'given."{rule.name}"')
    moment = _recorded_at(stage)
    if moment:
        yield "recorded_at", moment
    if stage.has_lines and stage.kind == "order":
        yield "lines_digest", "coalesce(digests.digest, '')"
    if stage.kind == "signal":
        yield "data", _data(stage)
        if stage.has_lines:
            yield "order_id", "links.order_id"
    yield from _constants(stage)


def _constants(stage: Stage) -> Iterator[tuple[str, str]]:
    mapped = {rule.name for rule in stage.fields}
    for name, value in stage.target.constants.items():
        if name not in mapped:
            yield name, json.dumps(value) if not isinstance(value, str) else quoted(value)


def _recorded_at(stage: Stage) -> str | None:
    """When we learned of it: as the file says, else when it happened, since its own system knew it then."""
    if stage.key != "external_id":
        return None
    known = ['given."recorded_at"'] if _tells_recording(stage) else []
    if stage.target.moment:
        known.append(f'least(given."{stage.target.moment}"::timestamptz, now())')
    elif known:
        # An empty cell does not change what is known already.
        known.append("kept.recorded_at")
    return f"coalesce({', '.join(known)}, now())" if known else None


def _tells_recording(stage: Stage) -> bool:
    return any(rule.name == "recorded_at" for rule in stage.fields)


def _data(stage: Stage) -> str:
    pairs = [f"'{rule.name}', {_json_value(rule)}" for rule in stage.data]
    if stage.has_lines:
        pairs.append("'credited_share', links.credited_share")
    return f"jsonb_strip_nulls(jsonb_build_object({', '.join(pairs)}))"


def _json_value(rule: FieldRule) -> str:
    value = f'given."data.{rule.name}"'
    if rule.field.type == "date":
        return f"to_char({value}, 'YYYY-MM-DD')"
    # Without the zeros that a sum of prices drags along: 12.50 and 12.5 are the same amount.
    return f"trim_scale({value})" if rule.field.type in {"decimal", "money", "integer"} else value


def _more_joins(stage: Stage) -> str:
    if stage.has_lines and stage.kind == "order":
        return f'LEFT JOIN ({_digests(stage)}) AS digests ON digests.key = given."{stage.key}"'
    if stage.has_lines and stage.kind == "signal":
        return f'LEFT JOIN "{stage.links}" AS links ON links.key = given."{stage.key}"'
    if stage.target.moment is None and _tells_recording(stage):
        table, source = stage.target.model._meta.db_table, quoted(stage.source)
        return f'LEFT JOIN "{table}" AS kept ON kept.source = {source} AND kept.external_id = given.external_id'
    return ""


def _digests(stage: Stage) -> str:
    # By operators: concat_ws looks up how each type is written for every line, which takes half as long again.
    parts = " || chr(31) || ".join(f"coalesce(({text})::text, '')" for _name, text in _line_expressions(stage))
    return f'SELECT key, md5(string_agg({parts}, chr(30) ORDER BY place)) AS digest FROM "{stage.lines}" GROUP BY key'


def _line_expressions(stage: Stage) -> list[tuple[str, str]]:
    """The fields of a line as their columns take them."""
    model = LINE_MODELS[stage.kind]
    return [(rule.name, cast_value(model._meta.get_field(rule.name), f'"{rule.name}"')) for rule in stage.rule.lines]
