"""SQL for migrations: scores belong to accounts and models that exist, held without looking at each row written.

A foreign key compares the keys of every row that an update writes, and a full scoring updates all of them: that is a
tenth of what writing a score takes. These triggers hold what it would: no score without its account or its model, no
account or model that is deleted while a score is written for it, and no scores left behind by an account that goes.
"""

HOLD = """
CREATE FUNCTION scores_have_what_they_name() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named bigint;
    found bigint;
BEGIN
    WITH kept AS MATERIALIZED (
        -- Locked as a foreign key locks them, against a deletion that is under way.
        SELECT FROM accounts_account WHERE id IN (SELECT account_id FROM new_rows) FOR KEY SHARE
    )
    SELECT (SELECT count(*) FROM new_rows), (SELECT count(*) FROM kept) INTO named, found;
    IF found < named THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'a score names an account that does not exist',
            CONSTRAINT = 'score_belongs_to_an_account', TABLE = 'retention_score';
    END IF;
    WITH models AS MATERIALIZED (SELECT DISTINCT model_id FROM new_rows),
    kept AS MATERIALIZED (
        SELECT FROM retention_modelversion WHERE id IN (SELECT model_id FROM models) FOR KEY SHARE
    )
    SELECT (SELECT count(*) FROM models), (SELECT count(*) FROM kept) INTO named, found;
    IF found < named THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'a score names a model that does not exist',
            CONSTRAINT = 'score_names_its_model', TABLE = 'retention_score';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION scores_go_with_their_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM retention_score WHERE account_id IN (SELECT id FROM old_rows);
    RETURN NULL;
END $$;

CREATE FUNCTION scores_go_with_all_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM retention_score) THEN
        TRUNCATE retention_score;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION accounts_and_scores_keep_their_ids() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE foreign_key_violation USING MESSAGE = 'the id of an account does not change';
END $$;

CREATE FUNCTION models_wait_for_scoring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever writes scores by a model shares this lock until they have committed (retention.scoring.versions.LOCK).
    PERFORM pg_advisory_xact_lock(265697);
    RETURN NULL;
END $$;

CREATE FUNCTION models_stay_with_their_scores() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM retention_score WHERE model_id IN (SELECT id FROM old_rows)) THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'scores name the model that was to be deleted',
            CONSTRAINT = 'score_names_its_model', TABLE = 'retention_modelversion';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER have_what_they_name AFTER INSERT ON retention_score
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION scores_have_what_they_name();
CREATE TRIGGER keep_accounts BEFORE UPDATE OF account_id ON retention_score
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_and_scores_keep_their_ids();
CREATE TRIGGER keep_ids BEFORE UPDATE OF id ON accounts_account
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_and_scores_keep_their_ids();
CREATE TRIGGER take_scores_along AFTER DELETE ON accounts_account
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION scores_go_with_their_accounts();
CREATE TRIGGER take_all_scores_along AFTER TRUNCATE ON accounts_account
    FOR EACH STATEMENT EXECUTE FUNCTION scores_go_with_all_accounts();
CREATE TRIGGER wait_for_scoring BEFORE DELETE ON retention_modelversion
    FOR EACH STATEMENT EXECUTE FUNCTION models_wait_for_scoring();
CREATE TRIGGER stay_with_scores AFTER DELETE ON retention_modelversion
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION models_stay_with_their_scores();
"""

LET_GO = """
DROP TRIGGER stay_with_scores ON retention_modelversion;
DROP TRIGGER wait_for_scoring ON retention_modelversion;
DROP TRIGGER take_all_scores_along ON accounts_account;
DROP TRIGGER take_scores_along ON accounts_account;
DROP TRIGGER keep_ids ON accounts_account;
DROP TRIGGER keep_accounts ON retention_score;
DROP TRIGGER have_what_they_name ON retention_score;
DROP FUNCTION models_stay_with_their_scores();
DROP FUNCTION models_wait_for_scoring();
DROP FUNCTION accounts_and_scores_keep_their_ids();
DROP FUNCTION scores_go_with_all_accounts();
DROP FUNCTION scores_go_with_their_accounts();
DROP FUNCTION scores_have_what_they_name();
"""
