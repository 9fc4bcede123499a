-- What each department answers for at each account in scope: share x weight of the type x severity x decay. Weights
-- and decay rates stand here as constants by type: a join to their table costs more than twice the whole statement.
SELECT account_id, department_id,
       sum(share * severity * ({weights})[friction_type_id] * CASE
           WHEN resolved_at IS NULL OR resolved_at > %(as_of)s THEN 1::float8
           ELSE exp(greatest(-700::float8,
                ({rates})[friction_type_id] * (date_part('epoch', resolved_at) - %(epoch)s::float8)))
       END)
FROM departments_responsibility
WHERE {account_id} AND happened_at <= %(as_of)s AND recorded_at <= %(as_of)s
GROUP BY account_id, department_id
