"""`manage.py fit`: learn the weights from the company's own history."""

import argparse
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from retention.scoring.engine import Evidence, TermKind
from retention.scoring.fit import TooFewLeavers
from retention.scoring.half_lives import Verdict
from retention.scoring.learning import AlreadyLearning, Candidate, adopt_half_lives, half_lives, learn
from retention.scoring.panel import MOST_ACCOUNT_MONTHS
from retention.scoring.versions import scoring_model

EVIDENCE_WORDS = {
    Evidence.ASSUMED: "assumed",
    Evidence.SUPPORTED: "supported",
    Evidence.NO_EVIDENCE: "no evidence",
}


class Command(BaseCommand):
    help = "Fit the weights to the company's own history and store them as a candidate, which is not active."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--most-rows",
            type=int,
            default=MOST_ACCOUNT_MONTHS,
            help="account-months to learn from at most; of a larger company a sample (%(default)s)",
        )
        parser.add_argument(
            "--adopt-half-lives",
            action="store_true",
            help="change the catalogue's half-lives where history supports others, and fit once more",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Learn, telling each step, and print the weights."""
        self.began = time.monotonic()
        if options["most_rows"] < 1:
            raise CommandError("--most-rows has to be 1 or more.")
        try:
            candidate = learn(tell=self._tell, most_rows=options["most_rows"])
            if options["adopt_half_lives"] and self._adopt(candidate):
                candidate = learn(tell=self._tell, most_rows=options["most_rows"])
        except (TooFewLeavers, AlreadyLearning) as refused:
            raise CommandError(str(refused)) from refused
        self._print(candidate)

    def _adopt(self, candidate: Candidate) -> bool:
        told = adopt_half_lives(candidate.version, acting_person=None)
        for sentence in told or ["no other half-lives foresee better beyond doubt"]:
            self._tell(sentence)
        return bool(told)

    def _tell(self, sentence: str) -> None:
        self.stdout.write(f"{time.monotonic() - self.began:7.1f} s  {sentence}")

    def _print(self, candidate: Candidate) -> None:
        version, weights = candidate.version, scoring_model(candidate.version).weights
        self._tell(f"{version} {'stored as a candidate' if candidate.is_new else 'says the same already'}")
        rows = zip(weights.terms, weights.mean, weights.standard_deviations(), weights.evidence, strict=True)
        for term, mean, sd, evidence in rows:
            if term.kind is not TermKind.BASELINE:
                self.stdout.write(f"  {term.label:32} {mean:6.2f} ± {sd:4.2f}  {EVIDENCE_WORDS[evidence]}")
        for found in half_lives(version):
            if found.verdict is not Verdict.SILENT:
                low, high = (f"{end:.2f}" if end else "beyond" for end in (found.low, found.high))
                self.stdout.write(
                    f"  Half-lives of {found.department}: {found.factor:.2f} times the catalogue's ({low} to {high}), "
                    f"{found.verdict.value}."
                )
