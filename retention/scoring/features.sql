-- Sufficient facts of the accounts in scope, one row each: every column eight bytes wide and never null ('NaN' says
-- unknown). Days are whole UTC days since 1970. Only what happened and was recorded by %(as_of)s counts.
WITH ordered AS (
    -- In the order of the covering index, so that neither days nor accounts need sorting or hashing.
    SELECT account_id, day, amount,
           day IS DISTINCT FROM lag(day) OVER (PARTITION BY account_id ORDER BY ordered_at) AS is_new_day
    FROM (
        SELECT account_id, ordered_at, amount, floor(date_part('epoch', ordered_at) / 86400::float8) AS day
        FROM accounts_order
        WHERE {account_id} AND ordered_at <= %(as_of)s AND recorded_at <= %(as_of)s
    ) AS order_day
), rhythm AS (
    SELECT account_id,
           count(*) FILTER (WHERE is_new_day)::float8 AS orders,
           min(day) AS first_day,
           max(day) AS last_day,
           count(*) FILTER (WHERE day > %(today)s - 365)::float8 AS orders_in_a_year,
           sum(amount) FILTER (WHERE day > %(today)s - 365)::float8 AS revenue_in_a_year,
           count(*) FILTER (WHERE day > %(today)s - 90)::float8 AS orders_in_90_days,
           count(*) FILTER (WHERE day <= %(today)s - 90 AND day > %(today)s - 180)::float8 AS orders_in_90_days_before,
           sum(exp(greatest(-700::float8, %(exposure_rate)s::float8 * (day - %(today)s)))) AS exposure,
           count(*) FILTER (WHERE is_new_day AND day <= %(cut)s)::float8 AS before_orders,
           max(day) FILTER (WHERE day <= %(cut)s) AS before_last_day,
           count(*) FILTER (WHERE day <= %(cut)s AND day > %(cut)s - 365)::float8 AS before_orders_in_a_year,
           sum(amount) FILTER (WHERE day <= %(cut)s AND day > %(cut)s - 365)::float8
               AS before_revenue_in_a_year,
           count(*) FILTER (WHERE day <= %(cut)s AND day > %(cut)s - 90)::float8 AS before_orders_in_90_days,
           count(*) FILTER (WHERE day <= %(cut)s - 90 AND day > %(cut)s - 180)::float8 AS before_orders_in_90_days_before
    FROM ordered GROUP BY account_id
), contacted AS (
    SELECT account_id, max(happened_at) AS at
    FROM accounts_touchpoint
    WHERE {account_id} AND happened_at <= %(as_of)s AND recorded_at <= %(as_of)s
    GROUP BY account_id
), adopted AS (
    SELECT account_id, max(adopted_on) AS on_day
    FROM departments_adoption
    WHERE {account_id} AND adopted_on <= %(day)s AND recorded_at <= %(as_of)s
    GROUP BY account_id
), broken AS (
    SELECT commitment.account_id,
           sum(CASE WHEN release.delivered_on <= %(day)s
               THEN exp(greatest(-700::float8, %(promise_rate)s::float8 * (release.delivered_on - %(day)s)))
               ELSE 1::float8 END) AS promises
    FROM departments_commitment AS commitment JOIN departments_release AS release ON release.id = commitment.release_id
    WHERE {commitment_account_id} AND commitment.recorded_at <= %(as_of)s AND commitment.promised_for < %(day)s
      AND (release.delivered_on IS NULL OR release.delivered_on > commitment.promised_for)
    GROUP BY commitment.account_id
), held AS (
    SELECT account_id, count(DISTINCT product_id)::float8 AS products, sum(monthly_value)::float8 AS monthly_value
    FROM accounts_holding
    WHERE {account_id} AND held_from <= %(day)s AND (held_until IS NULL OR held_until > %(day)s)
      AND recorded_at <= %(as_of)s
    GROUP BY account_id
)
SELECT account.id,
       coalesce((account.renews_on - DATE '1970-01-01')::float8, 'NaN'),
       coalesce((account.customer_since - DATE '1970-01-01')::float8, 'NaN'),
       account.annual_revenue::float8,
       coalesce(account.contact_cadence_days, %(cadence)s)::float8,
       coalesce(rhythm.orders, 0),
       coalesce(rhythm.first_day, 'NaN'),
       coalesce(rhythm.last_day, 'NaN'),
       coalesce(rhythm.orders_in_a_year, 0),
       coalesce(rhythm.revenue_in_a_year, 0),
       coalesce(rhythm.orders_in_90_days, 0),
       coalesce(rhythm.orders_in_90_days_before, 0),
       coalesce(rhythm.exposure, 0),
       coalesce(rhythm.before_orders, 0),
       coalesce(rhythm.before_last_day, 'NaN'),
       coalesce(rhythm.before_orders_in_a_year, 0),
       coalesce(rhythm.before_revenue_in_a_year, 0),
       coalesce(rhythm.before_orders_in_90_days, 0),
       coalesce(rhythm.before_orders_in_90_days_before, 0),
       coalesce(date_part('epoch', contacted.at) / 86400::float8, 'NaN'),
       coalesce((adopted.on_day - DATE '1970-01-01')::float8, 'NaN'),
       coalesce(broken.promises, 0),
       coalesce(held.products, 0),
       coalesce(held.monthly_value, 0),
       coalesce(score.history_risk, 'NaN'),
       coalesce(date_part('epoch', score.history_as_of) / 86400::float8, 'NaN'),
       coalesce(date_part('epoch', score.as_of) / 86400::float8, 'NaN'),
       coalesce(score.model_id, 0)::float8,
       crc32(convert_to(account.segment, 'UTF8'))::float8
FROM accounts_account AS account
LEFT JOIN rhythm ON rhythm.account_id = account.id
LEFT JOIN contacted ON contacted.account_id = account.id
LEFT JOIN adopted ON adopted.account_id = account.id
LEFT JOIN broken ON broken.account_id = account.id
LEFT JOIN held ON held.account_id = account.id
LEFT JOIN retention_score AS score ON score.account_id = account.id AND {score_account_id}
WHERE {own_id}
  AND (account.left_on IS NULL OR account.left_on > %(day)s)
  AND (account.customer_since IS NULL OR account.customer_since <= %(day)s)
ORDER BY account.id
