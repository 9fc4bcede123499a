"""The parser tables that are kept are those of the installed library of rules."""

import json
import subprocess
import sys
from pathlib import Path

from departments.rule_tables import TABLES

ROOT = Path(__file__).parent.parent.parent


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_the_kept_tables_are_what_the_library_makes_of_its_grammar() -> None:
    made = run("import json; from scripts.rule_tables import made; print(json.dumps(made()))")
    assert json.loads(made) == json.loads(TABLES.read_text())


def test_the_library_parses_by_the_kept_tables() -> None:
    found = run(
        "import departments, sys\n"
        "from rule_engine import Rule\n"
        "kept = sys.modules['rule_engine.parser.parsetab']\n"
        "print(Rule.parser._parser.action is kept._lr_action, Rule('1 + 1 == 2 and days > 2').matches({'days': 3}))"
    )
    assert found.split() == ["True", "True"]
