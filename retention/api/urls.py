"""Routes of the API, under /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from retention.api.views.accounts import AccountViewSet, OrderViewSet, TouchpointViewSet
from retention.api.views.attachments import AttachmentViewSet
from retention.api.views.care import (
    CallRequestViewSet,
    RecoveryStepViewSet,
    RecoveryViewSet,
    SnoozeViewSet,
)
from retention.api.views.catalogue import DepartmentViewSet, FrictionTypeViewSet, SignalKindsView
from retention.api.views.company import AbsenceViewSet, AssignmentViewSet, HoursView
from retention.api.views.cure import (
    CorrectiveActionViewSet,
    CureViewSet,
    EffectivenessCheckViewSet,
    ProblemViewSet,
)
from retention.api.views.deeds import DeedViewSet
from retention.api.views.disputes import DisputeViewSet
from retention.api.views.documentation import DocumentationView, SchemaView
from retention.api.views.incidents import HandOffViewSet, IncidentViewSet, RulingViewSet
from retention.api.views.mentions import MentionViewSet
from retention.api.views.overrides import OverrideViewSet
from retention.api.views.rules import RuleViewSet
from retention.api.views.scores import ScoreViewSet
from retention.api.views.signals import SignalViewSet
from retention.api.views.waits import WaitViewSet
from retention.api.views.what_if import WhatIfRunViewSet, WhatIfView

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("accounts", AccountViewSet)
router.register("orders", OrderViewSet)
router.register("signals", SignalViewSet)
router.register("touchpoints", TouchpointViewSet)
router.register("incidents", IncidentViewSet)
router.register("deeds", DeedViewSet, basename="deed")
router.register("hand-offs", HandOffViewSet)
router.register("attachments", AttachmentViewSet)
router.register("waits", WaitViewSet)
router.register("disputes", DisputeViewSet)
router.register("rulings", RulingViewSet)
router.register("rules", RuleViewSet)
router.register("mentions", MentionViewSet)
router.register("cures", CureViewSet, basename="cure")
router.register("problems", ProblemViewSet)
router.register("corrective-actions", CorrectiveActionViewSet)
router.register("effectiveness-checks", EffectivenessCheckViewSet)
router.register("scores", ScoreViewSet)
router.register("overrides", OverrideViewSet)
router.register("recoveries", RecoveryViewSet)
router.register("recovery-steps", RecoveryStepViewSet)
router.register("call-requests", CallRequestViewSet)
router.register("snoozes", SnoozeViewSet)
router.register("absences", AbsenceViewSet)
router.register("assignments", AssignmentViewSet, basename="assignment")
router.register("what-if/answers", WhatIfRunViewSet, basename="what-if-answer")
router.register("departments", DepartmentViewSet)
router.register("friction-types", FrictionTypeViewSet)

app_name = "api"
urlpatterns = [
    path("signal-kinds", SignalKindsView.as_view(), name="signal-kinds"),
    path("departments/<slug:slug>/hours", HoursView.as_view(), name="department-hours"),
    path("what-if", WhatIfView.as_view(), name="what-if"),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocumentationView.as_view(), name="docs"),
    *router.urls,
]
