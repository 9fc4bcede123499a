"""What `make demo` and `make dev` do, in which order."""

import subprocess
import sys
from dataclasses import dataclass

from retention.devservices.errors import ServiceError
from retention.devservices.places import CHECKOUT


@dataclass(frozen=True)
class Plan:
    """Sentences with the management commands they announce, before and after the processes of a Procfile start."""

    procfile: str
    preparation: tuple[tuple[str, str], ...]
    announcement: tuple[tuple[str, str], ...]


MIGRATE = ("Bringing the database up to date", "migrate --noinput --verbosity 0")
PLANS = {
    "demo": Plan(
        procfile="Procfile",
        preparation=(MIGRATE, ("Loading the demo company", "demo_load")),
        announcement=(("Scoring by the workers", "first_scoring"), ("Who can sign in", "demo_logins")),
    ),
    "dev": Plan(procfile="Procfile.dev", preparation=(MIGRATE,), announcement=()),
}


def carry_out(plan: str, part: str) -> None:
    """Run the commands of a plan's part, their output for all to see."""
    if not getattr(PLANS[plan], part):
        return
    words = [sys.executable, "-m", "retention.devservices.in_turn", plan, part]
    if subprocess.run(words, cwd=CHECKOUT, check=False).returncode != 0:
        raise ServiceError(f"The {part} of `make {plan}` failed; the reason stands above.")


def say(sentence: str) -> None:
    print(f"• {sentence}", flush=True)
