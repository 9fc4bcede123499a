-- What is on record of the accounts in scope, one statement per table: every column eight bytes wide and never null
-- ('NaN' says unknown). Days are whole UTC days since 1970. Only what happened and was recorded by %(as_of)s counts.
SELECT account.id,
       coalesce((account.renews_on - DATE '1970-01-01')::float8, 'NaN'),
       coalesce((account.customer_since - DATE '1970-01-01')::float8, 'NaN'),
       coalesce((account.left_on - DATE '1970-01-01')::float8, 'NaN'),
       account.annual_revenue::float8,
       coalesce(account.contact_cadence_days::float8, 'NaN'),
       crc32(convert_to(account.segment, 'UTF8'))::float8,
       coalesce(date_part('epoch', contacted.at) / 86400::float8, 'NaN'),
       coalesce((adopted.on_day - DATE '1970-01-01')::float8, 'NaN')
FROM accounts_account AS account
LEFT JOIN (
    SELECT account_id, max(happened_at) AS at
    FROM accounts_touchpoint
    WHERE {account_id} AND happened_at <= %(as_of)s AND recorded_at <= %(as_of)s
    GROUP BY account_id
) AS contacted ON contacted.account_id = account.id
LEFT JOIN (
    SELECT account_id, max(adopted_on) AS on_day
    FROM departments_adoption
    WHERE {account_id} AND adopted_on <= %(day)s AND recorded_at <= %(as_of)s
    GROUP BY account_id
) AS adopted ON adopted.account_id = account.id
WHERE {own_id}
ORDER BY account.id;

SELECT account_id, ordered_at, amount::float8
FROM accounts_order
WHERE {account_id} AND ordered_at <= %(as_of)s AND recorded_at <= %(as_of)s
ORDER BY account_id, ordered_at;

SELECT account_id, department_id, friction_type_id, share * severity,
       coalesce(resolved_at, 'infinity'), incident_id
FROM departments_responsibility
WHERE {account_id} AND happened_at <= %(as_of)s AND recorded_at <= %(as_of)s AND share > 0
ORDER BY account_id;

SELECT account_id, (promised_for - DATE '1970-01-01')::float8, release_id
FROM departments_commitment
WHERE {account_id} AND recorded_at <= %(as_of)s
ORDER BY account_id;

SELECT account_id, product_id, (held_from - DATE '1970-01-01')::float8,
       coalesce((held_until - DATE '1970-01-01')::float8, 'NaN'), monthly_value::float8
FROM accounts_holding
WHERE {account_id} AND recorded_at <= %(as_of)s
ORDER BY account_id
