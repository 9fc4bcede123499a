"""The judgement: scores, models, budgets, runs."""

from retention.models.budget import Budget
from retention.models.imports import ImportFile, ImportRefusal, ImportRun, ImportState
from retention.models.model import ModelVersion, Origin
from retention.models.run import ScoringRange, ScoringRun
from retention.models.saved_view import SavedView
from retention.models.score import Score, ScoreHistory, Trend

__all__ = [
    "Budget",
    "ImportFile",
    "ImportRefusal",
    "ImportRun",
    "ImportState",
    "ModelVersion",
    "Origin",
    "SavedView",
    "Score",
    "ScoreHistory",
    "ScoringRange",
    "ScoringRun",
    "Trend",
]
