"""Departments, people, friction and who answers for it."""

from departments.models.assignment import Absence, Assignment, Capacity
from departments.models.attachment import Attachment, AttachmentContent, FileKind
from departments.models.calendar import ClosingDay, Weekday, WorkingCalendar, WorkingSpan
from departments.models.call_request import CallRequest, CallState
from departments.models.cure import (
    ActionKind,
    ActionReminder,
    Containment,
    CorrectiveAction,
    Cost,
    CostKind,
    CustomerStep,
    CustomerStepKind,
    Decision,
    EffectivenessCheck,
    OfSubject,
    RootCause,
    Subject,
    Verdict,
)
from departments.models.department import Department
from departments.models.dispute import Dispute, DisputeEnd, DisputeReason
from departments.models.friction import (
    OPEN_STATES,
    RECOUNTED,
    DetectionRule,
    FrictionType,
    Incident,
    Responsibility,
    State,
)
from departments.models.handoff import Answer, Direction, HandOff, IncidentEvent, Note, Reason
from departments.models.mention import Mention
from departments.models.past_part import PastPart
from departments.models.person import Capability, Person, Role
from departments.models.problem import Problem, ProblemEvent, ProblemUndoPoint
from departments.models.quality import CauseCode
from departments.models.release import Adoption, Commitment, Release
from departments.models.reminder import Reminder, ReminderKind
from departments.models.rules import BackfillState, RuleBackfill, RuleMatch, RuleVersion
from departments.models.ruling import Regrading, Ruling, RulingState, Statement
from departments.models.undo import RowsUndo, UndoPoint
from departments.models.wait import Wait, WaitedFor, WaitEnd, WaitReason

__all__ = [
    "OPEN_STATES",
    "RECOUNTED",
    "Absence",
    "ActionKind",
    "ActionReminder",
    "Adoption",
    "Answer",
    "Assignment",
    "Attachment",
    "AttachmentContent",
    "BackfillState",
    "CallRequest",
    "CallState",
    "Capability",
    "Capacity",
    "CauseCode",
    "ClosingDay",
    "Commitment",
    "Containment",
    "CorrectiveAction",
    "Cost",
    "CostKind",
    "CustomerStep",
    "CustomerStepKind",
    "Decision",
    "Department",
    "DetectionRule",
    "Direction",
    "Dispute",
    "DisputeEnd",
    "DisputeReason",
    "EffectivenessCheck",
    "FileKind",
    "FrictionType",
    "HandOff",
    "Incident",
    "IncidentEvent",
    "Mention",
    "Note",
    "OfSubject",
    "PastPart",
    "Person",
    "Problem",
    "ProblemEvent",
    "ProblemUndoPoint",
    "Reason",
    "Regrading",
    "Release",
    "Reminder",
    "ReminderKind",
    "Responsibility",
    "Role",
    "RootCause",
    "RowsUndo",
    "RuleBackfill",
    "RuleMatch",
    "RuleVersion",
    "Ruling",
    "RulingState",
    "State",
    "Statement",
    "Subject",
    "UndoPoint",
    "Verdict",
    "Wait",
    "WaitEnd",
    "WaitReason",
    "WaitedFor",
    "Weekday",
    "WorkingCalendar",
    "WorkingSpan",
]
