"""How it is usually done, on a sample: row by row through the ORM, and by pandas where that is installed."""

import importlib
import importlib.util
import math
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Account
from retention.benchmarks.measures import seconds
from retention.models import Score

ORDERS_SQL = "SELECT account_id, ordered_at, amount::float8 FROM accounts_order WHERE account_id = ANY(%s)"
PARTS_SQL = """
    SELECT part.account_id, part.department_id, part.resolved_at, part.share * part.severity * type.weight AS load,
           type.half_life_days
    FROM departments_responsibility AS part JOIN departments_frictiontype AS type ON type.id = part.friction_type_id
    WHERE part.account_id = ANY(%s)
"""


def naive_loop(sample: int) -> float:
    """Return the seconds that it takes to sum up and store a score for each account of a sample, one by one.

    It does less than scoring does: loads by department and the exposure alone. Nothing of it is kept.
    """
    with transaction.atomic():
        taken = seconds(lambda: _score_all_by_rows(sample))
        transaction.set_rollback(True)
    return taken


def _score_all_by_rows(sample: int) -> None:
    for account in Account.objects.order_by("pk")[:sample]:
        _score_by_rows(account)


def _score_by_rows(account: Account) -> None:
    now, loads = timezone.now(), dict[int, float]()
    for part in account.responsibilities.select_related("friction_type"):
        load = part.share * part.severity * part.friction_type.weight
        if part.resolved_at is not None:
            load *= 0.5 ** ((now - part.resolved_at).days / part.friction_type.half_life_days)
        loads[part.department_id] = loads.get(part.department_id, 0.0) + load
    exposure = sum(0.5 ** ((now - order.ordered_at).days / 90) for order in account.orders.all())
    odds = -3.0 + sum(2.0 * math.log1p(load / (1.0 + exposure)) for load in loads.values())
    score = Score.objects.get(account=account)
    score.risk = 1.0 / (1.0 + math.exp(-odds))
    score.save()


def has_pandas() -> bool:
    """Return whether pandas is installed: requirements-bench.txt names it."""
    return importlib.util.find_spec("pandas") is not None


def by_pandas(sample: int) -> float:
    """Return the seconds for the same sums over a sample by pandas, stored by `bulk_update`. Nothing is kept."""
    pandas = importlib.import_module("pandas")
    numpy = importlib.import_module("numpy")
    ids = list(Account.objects.order_by("pk").values_list("pk", flat=True)[:sample])
    with transaction.atomic():
        taken = seconds(lambda: _score_by_frames(pandas, numpy, ids))
        transaction.set_rollback(True)
    return taken


def _score_by_frames(pandas: Any, numpy: Any, ids: list[int]) -> None:
    now = pandas.Timestamp(timezone.now())
    orders, parts = _frame(pandas, ORDERS_SQL, ids), _frame(pandas, PARTS_SQL, ids)
    ages = (now - pandas.to_datetime(orders["ordered_at"], utc=True)).dt.days
    exposure = (0.5 ** (ages / 90)).groupby(orders["account_id"]).sum()
    since = (now - pandas.to_datetime(parts["resolved_at"], utc=True)).dt.days.fillna(0)
    loads = (parts["load"] * 0.5 ** (since / parts["half_life_days"])).groupby(
        [parts["account_id"], parts["department_id"]]
    )
    friction = numpy.log1p(loads.sum().div(1 + exposure, level="account_id")).groupby("account_id").sum()
    risks = 1 / (1 + numpy.exp(3 - 2 * friction))
    scores = list(Score.objects.filter(account__in=ids))
    for score in scores:
        score.risk = float(risks.get(score.account_id, 0.05))
    Score.objects.bulk_update(scores, ["risk"], batch_size=1000)


def _frame(pandas: Any, sql: str, ids: list[int]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids])
        return pandas.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])
