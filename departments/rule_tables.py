"""The parser tables of the rules' language, made beforehand: the library would take most of a second at every start.

It compares the tables' signature with that of its grammar, and makes its own where they differ.
"""

import json
import sys
import types
from pathlib import Path
from typing import Any

TABLES = Path(__file__).with_suffix(".json")
# Where the library looks for tables that were kept.
PLACE = "rule_engine.parser.parsetab"


def offer_tables() -> None:
    """Let the library find the tables; of use only before it is imported."""
    module = types.ModuleType(PLACE)
    vars(module).update(json.loads(TABLES.read_text()))
    for name in ("_lr_action", "_lr_goto"):
        setattr(module, name, _by_state(getattr(module, name)))
    sys.modules.setdefault(PLACE, module)


def _by_state(table: dict[str, Any]) -> dict[int, Any]:
    return {int(state): entries for state, entries in table.items()}
