-- A company for measuring: {accounts} accounts, ten orders and ten incidents each on the average, skewed as real ones are.
-- Row triggers stay off while it is built, so that a million accounts are not marked as changed one statement each.
SET LOCAL session_replication_role = replica;

INSERT INTO accounts_account (source, external_id, name, segment, annual_revenue, customer_since, renews_on)
SELECT 'bench', number, 'Customer ' || number, (ARRAY['Wholesale', 'Retail', 'Public sector'])[1 + number % 3],
       1000 + (number::bigint * 7919) % 200000, DATE '2020-01-01' + number % 1500,
       CASE WHEN number % 4 = 0 THEN current_date + number % 365 END
FROM generate_series(1, {accounts}) AS number;

INSERT INTO accounts_order (source, external_id, account_id, ordered_at, amount, recorded_at)
SELECT 'bench', account.id || '-' || part, account.id, moment, 50 + (account.id * part * 31) % 2000, moment
FROM accounts_account AS account
CROSS JOIN LATERAL generate_series(1, least(1000, greatest(1, round(-10 * ln(1 - random() + account.id * 0))::int))) AS part
CROSS JOIN LATERAL (SELECT now() - random() * interval '730 days' + part * interval '0' AS moment) AS dated
WHERE account.source = 'bench';

INSERT INTO departments_incident
    (source, external_id, account_id, friction_type_id, department_id, severity, title, happened_at, recorded_at, state,
     answer_due_at, resolve_due_at, due_at, resolved_at)
SELECT 'bench', account.id || '-' || part, account.id, type.id, type.department_id, 0.1 + 0.8 * random(), type.name,
       moment, moment, CASE WHEN is_open THEN 'new' ELSE 'resolved' END, moment, moment, moment,
       CASE WHEN NOT is_open THEN moment + interval '2 hours' END
FROM accounts_account AS account
CROSS JOIN LATERAL generate_series(1, least(2000, greatest(1, round(-10 * ln(1 - random() + account.id * 0))::int))) AS part
CROSS JOIN LATERAL (
    SELECT now() - interval '1 day' - random() * interval '700 days' + part * interval '0' AS moment,
           random() + part * 0 < 0.01 AS is_open
) AS dated
JOIN (
    SELECT *, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS all_types FROM departments_frictiontype
) AS type ON type.place = (account.id * 13 + part * 7) % type.all_types
WHERE account.source = 'bench';

INSERT INTO departments_responsibility
    (incident_id, department_id, share, account_id, friction_type_id, severity, happened_at, recorded_at, resolved_at)
SELECT id, department_id, 1, account_id, friction_type_id, severity, happened_at, recorded_at, resolved_at
FROM departments_incident WHERE source = 'bench' ORDER BY account_id;
