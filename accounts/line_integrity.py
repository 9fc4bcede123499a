"""SQL for migrations: order lines belong to orders that exist, held by one check a statement.

A foreign key looks every row up by itself, which is half of what importing order lines takes. These triggers hold
what it would: no line without its order, no order that is deleted while a line is being added to it, and no lines
left behind by an order that goes.
"""

HOLD = """
CREATE FUNCTION lines_have_their_orders() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named bigint;
    found bigint;
BEGIN
    WITH orders AS MATERIALIZED (SELECT DISTINCT order_id FROM new_rows),
    kept AS MATERIALIZED (
        -- Locked as a foreign key locks them, against a deletion that is under way.
        SELECT FROM accounts_order WHERE id IN (SELECT order_id FROM orders) FOR KEY SHARE
    )
    SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM kept) INTO named, found;
    IF found < named THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'an order line names an order that does not exist',
            CONSTRAINT = 'order_line_belongs_to_an_order', TABLE = 'accounts_orderline';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION lines_go_with_their_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM accounts_orderline WHERE order_id IN (SELECT id FROM old_rows);
    RETURN NULL;
END $$;

CREATE FUNCTION lines_go_with_all_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_orderline) THEN
        TRUNCATE accounts_orderline;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION orders_keep_their_ids() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE foreign_key_violation USING MESSAGE = 'the id of an order does not change';
END $$;

CREATE TRIGGER have_orders_when_added AFTER INSERT ON accounts_orderline
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION lines_have_their_orders();
CREATE TRIGGER have_orders_when_changed AFTER UPDATE ON accounts_orderline
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION lines_have_their_orders();
CREATE TRIGGER take_lines_along AFTER DELETE ON accounts_order
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION lines_go_with_their_orders();
CREATE TRIGGER take_all_lines_along AFTER TRUNCATE ON accounts_order
    FOR EACH STATEMENT EXECUTE FUNCTION lines_go_with_all_orders();
CREATE TRIGGER keep_ids BEFORE UPDATE OF id ON accounts_order
    FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION orders_keep_their_ids();
"""

LET_GO = """
DROP TRIGGER keep_ids ON accounts_order;
DROP TRIGGER take_all_lines_along ON accounts_order;
DROP TRIGGER take_lines_along ON accounts_order;
DROP TRIGGER have_orders_when_changed ON accounts_orderline;
DROP TRIGGER have_orders_when_added ON accounts_orderline;
DROP FUNCTION orders_keep_their_ids();
DROP FUNCTION lines_go_with_all_orders();
DROP FUNCTION lines_go_with_their_orders();
DROP FUNCTION lines_have_their_orders();
"""
