"""Make departments/rule_tables.json anew: to be run when another version of rule-engine is pinned."""

import importlib.util
import json
import sys
import tempfile
from pathlib import Path

from rule_engine import Rule
from rule_engine._vendor.ply import yacc

TABLES = Path(__file__).parent.parent / "departments" / "rule_tables.json"


def made() -> dict[str, object]:
    """The tables that the library makes of its grammar."""
    with tempfile.TemporaryDirectory() as folder:
        yacc.yacc(module=Rule.parser, debug=False, write_tables=True, outputdir=folder)
        spec = importlib.util.spec_from_file_location("parsetab", Path(folder) / "parsetab.py")
        if spec is None or spec.loader is None:
            sys.exit("rule-engine wrote no tables.")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if name.startswith("_lr_") or name == "_tabversion"}


if __name__ == "__main__":
    members = (f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in made().items())
    TABLES.write_text("{\n" + ",\n".join(members) + "\n}\n")
