"""SQL for migrations: statement triggers that mark the accounts whose rows changed."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION mark_accounts_of_new_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO accounts_accountchange (account_id) SELECT DISTINCT %I FROM new_rows', TG_ARGV[0]);
    RETURN NULL;
END $$;

CREATE FUNCTION mark_accounts_of_old_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO accounts_accountchange (account_id) SELECT DISTINCT %I FROM old_rows', TG_ARGV[0]);
    RETURN NULL;
END $$;

-- Both sides of each row that really changed: a row that moves to another account marks the two.
CREATE FUNCTION mark_accounts_of_changed_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO accounts_accountchange (account_id) SELECT DISTINCT %I FROM ('
        '(TABLE new_rows EXCEPT ALL TABLE old_rows) UNION ALL (TABLE old_rows EXCEPT ALL TABLE new_rows)) AS changed',
        TG_ARGV[0]);
    RETURN NULL;
END $$;

CREATE FUNCTION mark_new_signals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accounts_signalchange (signal_id) SELECT id FROM new_rows;
    RETURN NULL;
END $$;

CREATE FUNCTION mark_changed_signals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accounts_signalchange (signal_id)
    SELECT DISTINCT id FROM (TABLE new_rows EXCEPT TABLE old_rows) AS changed;
    RETURN NULL;
END $$;
"""

DROP_FUNCTIONS = """
DROP FUNCTION mark_changed_signals();
DROP FUNCTION mark_new_signals();
DROP FUNCTION mark_accounts_of_changed_rows();
DROP FUNCTION mark_accounts_of_old_rows();
DROP FUNCTION mark_accounts_of_new_rows();
"""


def marking(table: str, column: str) -> migrations.RunSQL:
    """Return the operation that marks `column` of every inserted, changed or deleted row of `table`."""
    call = f"FOR EACH STATEMENT EXECUTE FUNCTION mark_accounts_of_{{}}_rows('{column}')"
    create = f"""
        CREATE TRIGGER mark_inserted AFTER INSERT ON {table}
            REFERENCING NEW TABLE AS new_rows {call.format("new")};
        CREATE TRIGGER mark_updated AFTER UPDATE ON {table}
            REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows {call.format("changed")};
        CREATE TRIGGER mark_deleted AFTER DELETE ON {table}
            REFERENCING OLD TABLE AS old_rows {call.format("old")};
    """
    names = ("mark_inserted", "mark_updated", "mark_deleted")
    return migrations.RunSQL(create, "".join(f"DROP TRIGGER {name} ON {table};" for name in names))
