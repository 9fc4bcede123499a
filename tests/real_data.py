"""Real data that is too large to be kept with the tests, and where to get it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_FOLDER = ROOT / ".local" / "data"
ONLINE_RETAIL_NAME = "online_retail_ii_2009-2010.csv.xz"
EVENT_LOG_NAME = "incident_event_log.csv.xz"


def online_retail() -> Path:
    """Return the path of Online Retail II's first year; skips the test that asks where it is not there."""
    return _found(ONLINE_RETAIL_NAME, "the sheet 'Year 2009-2010' of Online Retail II")


def incident_event_log() -> Path:
    """Return the path of the log of incidents' updates; skips the test that asks where it is not there."""
    return _found(EVENT_LOG_NAME, "the 'Incident management process enriched event log'")


def _found(name: str, what: str) -> Path:
    path = Path(os.environ.get("HOLDFAST_DATA") or DEFAULT_FOLDER) / name
    if not path.exists():
        pytest.skip(
            f"needs {name} in .local/data, or in the folder that HOLDFAST_DATA names: {what} "
            "from the UCI Machine Learning Repository (CC BY 4.0), saved as CSV and packed by xz"
        )
    return path
