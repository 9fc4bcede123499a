"""Rules over signals: what the operational systems say becomes incidents that somebody answers for."""

from departments.detection.draining import Detection, batches, detect_changes, mark_all_signals, pending

__all__ = ["Detection", "batches", "detect_changes", "mark_all_signals", "pending"]
