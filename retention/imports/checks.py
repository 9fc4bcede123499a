"""What cannot be written, found out before by statements over whole sets: each record by its first fault."""

from accounts.signals import KINDS as SIGNAL_KINDS
from retention.imports.mapping import FieldRule
from retention.imports.sql import execute, fetch, quoted
from retention.imports.staging import Stage
from retention.imports.targets import LINE_MODELS, REFERENCES, column_of, problems_of_value

CONSTRAINTS = """
    SELECT conname, pg_get_expr(conbin, conrelid), ARRAY(
        SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey))
    FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'
"""


def check_records(stage: Stage) -> None:
    """Note for every record that cannot be written the first thing that is wrong with it."""
    cases = []
    for rule in stage.fields:
        for condition, reason in _problems(stage, rule):
            value = f'given."{rule.name}"::text'
            cases.append(f"WHEN {condition} THEN ARRAY['{rule.name}', {value}, {quoted(reason)}]")
    cases += _problems_of_data(stage)
    execute(
        f"""
        INSERT INTO "{stage.refused}"
        SELECT place, problem[1], problem[2], problem[3] FROM (
            SELECT given.place, CASE {" ".join(cases)} END AS problem
            FROM "{stage.merged}" AS given {stage.joins()}
        ) AS checked
        WHERE problem IS NOT NULL
        """
    )


def _problems(stage: Stage, rule: FieldRule) -> list[tuple[str, str]]:
    value = f'given."{rule.name}"'
    problems = [(f"{value} IS NULL", "is empty")] if rule.field.required else []
    if rule.field.names:
        return [*problems, (f'{value} IS NOT NULL AND "to_{rule.name}".id IS NULL', _unknown(stage, rule))]
    model_field = column_of(stage.kind, rule.name)
    return problems + problems_of_value(model_field, value)


def _unknown(stage: Stage, rule: FieldRule) -> str:
    named = str(rule.field.names)
    within = f" from the source {stage.source_of(named)}" if REFERENCES[named].within_source else ""
    return f"there is no such {named.replace('_', ' ')}{within}"


def _problems_of_data(stage: Stage) -> list[str]:
    given = {rule.name for rule in stage.data}
    cases = []
    for kind in SIGNAL_KINDS.values() if stage.kind == "signal" else ():
        known = {field.name for field in kind.fields}
        required = {field.name for field in kind.fields if field.required}
        conditions = [(name, "IS NOT NULL", f"is not a field of {kind.name}") for name in sorted(given - known)]
        conditions += [(name, "IS NULL", "is empty") for name in sorted(required & given)]
        cases += [
            f"WHEN given.kind = '{kind.name}' AND given.\"data.{name}\" {test} "
            f"THEN ARRAY['{name}', given.\"data.{name}\"::text, {quoted(reason)}]"
            for name, test, reason in conditions
        ]
        for name in sorted(required - given):
            cases.append(f"WHEN given.kind = '{kind.name}' THEN ARRAY['{name}', '', 'is missing in the mapping']")
    return cases


def check_lines(stage: Stage) -> None:
    """Refuse a record with a line that cannot be written: without it, its sum would be wrong."""
    model = LINE_MODELS.get(stage.kind)
    if model is None or not stage.has_lines:
        return
    cases = [
        f"WHEN {condition} THEN ARRAY['{rule.name}', \"{rule.name}\"::text, {quoted(reason)}]"
        for rule in stage.rule.lines
        for condition, reason in problems_of_value(model._meta.get_field(rule.name), f'"{rule.name}"')
    ]
    execute(
        f"""
        INSERT INTO "{stage.refused}"
        SELECT DISTINCT ON (given.place) given.place, problem[1], problem[2], problem[3]
        FROM (SELECT place, key, CASE {" ".join(cases)} END AS problem FROM "{stage.lines}") AS line
        JOIN "{stage.merged}" AS given ON given."{stage.key}" = line.key
        WHERE problem IS NOT NULL
        ORDER BY given.place, line.place
        """
    )


def hold_constraints(stage: Stage) -> None:
    """Refuse what the table's own checks would refuse, each by the sentence that is the check's name."""
    table = stage.target.model._meta.db_table
    prepared = {
        name for (name,) in fetch("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass", [stage.prepared])
    }
    for name, expression, columns in fetch(CONSTRAINTS, [table]):
        if set(columns) <= prepared:
            reason = f"is against the rule that {name.replace('_', ' ')}"
            execute(
                f'INSERT INTO "{stage.refused}" SELECT place, NULL, NULL, {quoted(reason)} '
                f'FROM "{stage.prepared}" WHERE NOT ({expression})'
            )
            forget_refused(stage)


def forget_refused(stage: Stage) -> None:
    """Take what was refused out of what is to be written."""
    execute(
        f'DELETE FROM "{stage.prepared}" AS prepared USING "{stage.refused}" AS refused '
        "WHERE refused.place = prepared.place"
    )
