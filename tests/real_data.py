"""Real data that is too large to be kept with the tests, and where to get it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_FOLDER = ROOT / ".local" / "data"
ONLINE_RETAIL_NAME = "online_retail_ii_2009-2010.csv.xz"


def online_retail() -> Path:
    """Return the path of Online Retail II's first year; skips the test that asks where it is not there."""
    path = Path(os.environ.get("HOLDFAST_DATA") or DEFAULT_FOLDER) / ONLINE_RETAIL_NAME
    if not path.exists():
        pytest.skip(
            f"needs {ONLINE_RETAIL_NAME} in .local/data, or in the folder that HOLDFAST_DATA names: the sheet "
            "'Year 2009-2010' of Online Retail II from the UCI Machine Learning Repository (CC BY 4.0), "
            "saved as CSV and packed by xz"
        )
    return path
