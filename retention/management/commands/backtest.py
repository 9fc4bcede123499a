"""Test the model on the past: `manage.py backtest`."""

import argparse
import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from retention.models import ModelVersion
from retention.scoring.backtest import NothingToTest
from retention.scoring.backtesting import MOST_ORIGINS, ORIGINS, Asked, backtest, newest_version

COLUMNS = {
    "auc": "AUC",
    "pr_auc": "PR-AUC",
    "brier": "Brier",
    "log_loss": "log loss",
    "ece": "ECE",
    "lift": "lift 10 %",
}
SHORT = ("auc", "brier", "ece")
DIGITS = {"lift": 2}
WIDTH, LABEL_WIDTH = 20, 32


class Command(BaseCommand):
    help = "Test the newest model, or another, on past days: out of time, against simple rules and the active model."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print everything found as JSON")
        parser.add_argument("--origins", type=_origins, default=ORIGINS, help="at most so many test days (%(default)s)")
        parser.add_argument("--model", type=int, help="the number of the version to test; the newest unless given")
        parser.add_argument(
            "--day",
            type=datetime.date.fromisoformat,
            action="append",
            default=[],
            dest="days",
            metavar="YYYY-MM-DD",
            help="learn from and test on the ends of these days alone (give it several times)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, store the result with the version, and print it."""
        tell = (lambda _: None) if options["json"] else self._tell
        asked = Asked(origins=options["origins"], days=options["days"], tell=tell)
        try:
            found = backtest(_version(options["model"]), asked)
        except NothingToTest as nothing:
            raise CommandError(str(nothing)) from nothing
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(lines_of(found)))

    def _tell(self, sentence: str) -> None:
        self.stdout.write(f"  {sentence}")


def _origins(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST_ORIGINS:
        raise argparse.ArgumentTypeError(f"between 1 and {MOST_ORIGINS} test days can be asked for")
    return number


def _version(number: int | None) -> ModelVersion:
    if number is None:
        return newest_version()
    version = ModelVersion.objects.filter(number=number).first()
    if version is None:
        raise CommandError(f"There is no model {number}.")
    return version


def lines_of(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table and what follows from it."""
    days = ", ".join(origin[:10] for origin in found["origins"])
    yield f"{found['rows']:,} account-months of {found['accounts']:,} accounts on {days}"
    yield f"{found['leavers']:,} accounts left; {found['rate']:.1%} of the account-months ended in leaving"
    yield ""
    yield " " * LABEL_WIDTH + "".join(f"{title:>{WIDTH}}" for title in COLUMNS.values())
    for row in found["contenders"]:
        yield f"{row['label']:<{LABEL_WIDTH}}" + "".join(_cell(row["figures"][name], name) for name in COLUMNS)
    for row in found["missing"]:
        yield f"{row['label']:<{LABEL_WIDTH}}{row['note']}"
    yield ""
    for part in found["reliability"]:
        yield (
            f"{part['name']:<{LABEL_WIDTH}}{part['rows']:>9,} account-months, {part['said']:.1%} said, "
            f"{part['happened']:.1%} left, " + ", ".join(f"{COLUMNS[name]} {_short(part, name)}" for name in SHORT)
        )
    yield ""
    yield found["why"]
    if "against_active" in found:
        yield found["against_active"]["why"]


def _cell(figure: list[float | None], name: str) -> str:
    value, low, high = figure
    if value is None or low is None or high is None:
        return f"{'—':>{WIDTH}}"
    digits = DIGITS.get(name, 3)
    return f"{f'{value:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})':>{WIDTH}}"


def _short(part: Mapping[str, Any], name: str) -> str:
    value = part["figures"][name][0]
    return "—" if value is None else f"{value:.3f}"
