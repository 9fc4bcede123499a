"""The judgement: scores, models, budgets, runs."""

from retention.models.budget import Budget
from retention.models.event_log import LoggedCase
from retention.models.facts import FactChange, FactSegment
from retention.models.imports import ImportFile, ImportRefusal, ImportRun, ImportState
from retention.models.kept import KeptFigures
from retention.models.model import ModelVersion, Origin
from retention.models.override import Approval, Override
from retention.models.recovery import OUTCOMES, Recovery, RecoveryState, RecoveryStep
from retention.models.run import ScoringRange, ScoringRun
from retention.models.saved_view import SavedView
from retention.models.score import Score, ScoreHistory, Trend
from retention.models.scorecard import LiveLink, LiveLinkOpen, ScorecardFigures, ScorecardMail, ScorecardMailSent
from retention.models.snooze import NOTICEABLE, Snooze, WokenBy
from retention.models.what_if import WhatIfRange, WhatIfRun

__all__ = [
    "NOTICEABLE",
    "OUTCOMES",
    "Approval",
    "Budget",
    "FactChange",
    "FactSegment",
    "ImportFile",
    "ImportRefusal",
    "ImportRun",
    "ImportState",
    "KeptFigures",
    "LiveLink",
    "LiveLinkOpen",
    "LoggedCase",
    "ModelVersion",
    "Origin",
    "Override",
    "Recovery",
    "RecoveryState",
    "RecoveryStep",
    "SavedView",
    "Score",
    "ScoreHistory",
    "ScorecardFigures",
    "ScorecardMail",
    "ScorecardMailSent",
    "ScoringRange",
    "ScoringRun",
    "Snooze",
    "Trend",
    "WhatIfRange",
    "WhatIfRun",
    "WokenBy",
]
