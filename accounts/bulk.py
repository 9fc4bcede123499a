"""Records by the thousand: COPY into temporary tables, and one statement that writes what differs.

The caller holds the transaction. Identifiers come from models and from code, never from a file.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

from django.db import connection, models

COPY_OPTIONS = "FORMAT text, NULL ''"
# What stands for itself in no row of COPY's text format.
SPECIAL = "\\\t\n\r"
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
LARGEST_REVENUE = 10**12 - 1


@dataclass
class Written:
    """What an upsert did with the rows that it was given."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def add(self, other: "Written") -> None:
        """Add the counts of another batch."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged


def copy_rows(cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Append rows to a table by COPY; None becomes NULL, and so does an empty text."""
    names = ", ".join(f'"{column}"' for column in columns)
    text = _copy_text(rows)
    # In one piece: every further one would wait for its turn at the interpreter.
    cursor.copy_expert(f'COPY "{table}" ({names}) FROM STDIN WITH ({COPY_OPTIONS})', io.StringIO(text), len(text) + 1)


def _copy_text(rows: Sequence[Sequence[Any]]) -> str:
    """Rows as COPY reads them, made column by column, which keeps the innermost loops out of Python."""
    columns = [_cells(values) for values in zip(*rows, strict=True)]
    return "\n".join([*map("\t".join, zip(*columns, strict=True)), ""])


def _cells(values: Sequence[Any]) -> Sequence[str]:
    # By their types: to be compared with None takes a Decimal longer than all else that is done to it here.
    types = set(map(type, values))
    if types == {str}:
        return _escaped(values)
    if str in types:
        return _escaped(["" if value is None else str(value) for value in values])
    return ["" if value is None else str(value) for value in values] if NoneType in types else list(map(str, values))


def _escaped(texts: Sequence[str]) -> Sequence[str]:
    together = "".join(texts)
    return [text.translate(ESCAPES) for text in texts] if any(map(together.__contains__, SPECIAL)) else texts


def upsert(
    *,
    model: type[models.Model],
    prepared: str,
    places: tuple[int, int],
    key: Sequence[str],
    columns: Sequence[str],
    follows: Sequence[str] = (),
    initially: Sequence[str] = (),
) -> Written:
    """Write the rows of a temporary table whose `place` lies between the given ones, both included.

    The table holds the key and the columns under the names of the model's table. A row that is there already is
    updated where one of `columns` differs; `follows` are written along with a change but make none, `initially`
    only when a row is created.
    """
    table = model._meta.db_table
    written = [*key, *columns, *follows, *initially]
    names = ", ".join(f'"{name}"' for name in written)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH written AS (
                INSERT INTO "{table}" AS kept ({names})
                SELECT {names} FROM "{prepared}" WHERE place BETWEEN %s AND %s ORDER BY {_names(key)}
                ON CONFLICT ({_names(key)}) {_resolution(columns, follows)}
                RETURNING (kept.xmax = 0) AS is_new
            )
            SELECT (SELECT count(*) FROM "{prepared}" WHERE place BETWEEN %s AND %s),
                count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new)
            FROM written
            """,
            [*places, *places],
        )
        given, created, updated = cursor.fetchone()
    return Written(created, updated, given - created - updated)


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _resolution(columns: Sequence[str], follows: Sequence[str]) -> str:
    if not columns:
        return "DO NOTHING"
    settings = ", ".join(f'"{column}" = EXCLUDED."{column}"' for column in (*columns, *follows))
    kept = ", ".join(f'kept."{column}"' for column in columns)
    given = ", ".join(f'EXCLUDED."{column}"' for column in columns)
    return f"DO UPDATE SET {settings} WHERE ROW({kept}) IS DISTINCT FROM ROW({given})"


def note_changed_lines(*, prepared: str, changed: str) -> None:
    """Fill the table `changed` with the external ids of orders whose lines are new or differ from what is kept.

    Called before the orders are written, because their digest tells.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE TEMPORARY TABLE "{changed}" AS
            SELECT given.place, given.source, given.external_id, kept.id IS NOT NULL AS is_known
            FROM "{prepared}" AS given
            LEFT JOIN accounts_order AS kept USING (source, external_id)
            WHERE kept.lines_digest IS DISTINCT FROM given.lines_digest
            """
        )
        cursor.execute(f'CREATE INDEX ON "{changed}" (place)')
        cursor.execute(f'ANALYZE "{changed}"')


def replace_order_lines(*, lines: str, changed: str, places: tuple[int, int]) -> None:
    """Write the lines of the orders in `changed`, in place of those they had.

    `lines` holds place, key (the order's external id) and the fields of a line, numbered in the order of places.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM accounts_orderline USING accounts_order AS kept, "{changed}" AS changed
            WHERE accounts_orderline.order_id = kept.id AND changed.is_known
                AND kept.source = changed.source AND kept.external_id = changed.external_id
                AND changed.place BETWEEN %s AND %s
            """,
            places,
        )
        cursor.execute(
            f"""
            INSERT INTO accounts_orderline (order_id, position, sku, description, quantity, unit_price)
            SELECT kept.id, row_number() OVER (PARTITION BY kept.id ORDER BY line.place),
                line.sku, coalesce(line.description, ''), line.quantity, line.unit_price
            FROM "{changed}" AS changed
            JOIN accounts_order AS kept USING (source, external_id)
            JOIN "{lines}" AS line ON line.key = changed.external_id
            WHERE changed.place BETWEEN %s AND %s
            """,
            places,
        )


def link_credits(*, credit_notes: str, lines: str, links: str) -> None:
    """Find the order that each credit note was credited of, into a new temporary table `links`.

    `credit_notes` holds key, account_id and happened_at of credit notes, `lines` their lines with key, sku and amount.
    A line belongs to the account's latest earlier order with that product; a note to the order most of its
    money belongs to. `links` holds key, order_id and credited_share, the share of the order's amount, up to 1.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE TEMPORARY TABLE "{links}" AS
            WITH matched AS (
                SELECT DISTINCT ON (line.place) line.key, line.amount AS credited, sold.id AS order_id,
                    sold.ordered_at, sold.amount
                FROM "{lines}" AS line
                JOIN "{credit_notes}" AS credit ON credit.key = line.key
                JOIN accounts_order AS sold
                    ON sold.account_id = credit.account_id AND sold.ordered_at <= credit.happened_at
                JOIN accounts_orderline AS sold_line ON sold_line.order_id = sold.id AND sold_line.sku = line.sku
                WHERE line.amount > 0 AND sold.amount > 0
                ORDER BY line.place, sold.ordered_at DESC, sold.id DESC
            ), by_order AS (
                SELECT key, order_id, ordered_at, sum(credited) AS credited, amount
                FROM matched GROUP BY key, order_id, ordered_at, amount
            )
            SELECT DISTINCT ON (key) key, order_id, round(least(1, credited / amount), 6) AS credited_share
            FROM by_order WHERE round(credited / amount, 6) > 0
            ORDER BY key, credited DESC, ordered_at DESC, order_id DESC
            """
        )


def know_sizes() -> None:
    """Let the planner look at accounts, orders and their lines, before anything is joined with or derived from them.

    Just after a first import it believes these tables empty, and would loop over their product; the more so where an
    import was taken back and they were swept since. Sizes and keys are enough: all other columns are autovacuum's to
    look at, and it still will.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_account (id), accounts_order (account_id), accounts_orderline (order_id)")


def derive_annual_revenue(*, source: str) -> int:
    """Set the annual revenue of a source's accounts to their orders in the year up to the source's last order.

    Returns the number of accounts that it changed for.
    """
    return _derive(
        f"""
        WITH last_order AS (SELECT max(ordered_at) AS at FROM accounts_order WHERE source = %(source)s),
        bought AS (
            SELECT account_id, sum(amount) AS amount FROM accounts_order, last_order
            WHERE source = %(source)s AND ordered_at > last_order.at - interval '365 days' GROUP BY account_id
        ), derived AS (
            SELECT account.id, least({LARGEST_REVENUE}, greatest(0, coalesce(bought.amount, 0))) AS amount
            FROM accounts_account AS account LEFT JOIN bought ON bought.account_id = account.id
            WHERE account.source = %(source)s
        )
        UPDATE accounts_account AS account SET annual_revenue = derived.amount
        FROM derived WHERE derived.id = account.id AND account.annual_revenue <> derived.amount
        """,
        source,
    )


def derive_customer_since(*, source: str) -> int:
    """Set the day since when a source's accounts are customers to that of their first order.

    Returns the number of accounts that it changed for.
    """
    return _derive(
        """
        UPDATE accounts_account AS account SET customer_since = first_order.day
        FROM (
            SELECT account_id, (min(ordered_at) AT TIME ZONE organisation.time_zone)::date AS day
            FROM accounts_order, (
                SELECT coalesce((SELECT time_zone FROM accounts_organisation), 'UTC') AS time_zone
            ) AS organisation
            WHERE source = %(source)s GROUP BY account_id, organisation.time_zone
        ) AS first_order
        WHERE first_order.account_id = account.id AND account.source = %(source)s
            AND account.customer_since IS DISTINCT FROM first_order.day
        """,
        source,
    )


def _derive(statement: str, source: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"source": source})
        return int(cursor.rowcount)
