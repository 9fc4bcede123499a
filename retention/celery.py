"""The workers' entry, and what beat starts by the clock."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "retention.settings.base")

app = Celery("holdfast")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["retention"])

# A message that waited longer than its interval is stale: the next one does the same work.
app.conf.beat_schedule = {
    "detect": {"task": "retention.detect_changes", "schedule": 1.0, "options": {"expires": 2}},
    "drain": {"task": "retention.drain_changes", "schedule": 1.0, "options": {"expires": 2}},
    "sweep": {"task": "retention.sweep_runs", "schedule": 30.0, "options": {"expires": 30}},
    "resume_imports": {"task": "retention.resume_imports", "schedule": 60.0, "options": {"expires": 60}},
    "resume_backfills": {"task": "retention.resume_backfills", "schedule": 60.0, "options": {"expires": 60}},
    "empty_removed_files": {"task": "retention.empty_removed_files", "schedule": 5.0, "options": {"expires": 5}},
    "wake_snoozed": {"task": "retention.wake_snoozed", "schedule": 60.0, "options": {"expires": 60}},
    "keep_figures": {"task": "retention.keep_figures", "schedule": 60.0, "options": {"expires": 60}},
    "reminders": {"task": "retention.send_reminders", "schedule": 300.0, "options": {"expires": 300}},
    "effectiveness_checks": {
        "task": "retention.open_effectiveness_checks",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "morning_mails": {"task": "retention.send_morning_mails", "schedule": crontab(hour="5", minute="30")},
    # Before the night's scoring, on the day when fewest people work.
    "learn": {"task": "retention.learn", "schedule": crontab(day_of_week="sunday", hour="0", minute="30")},
    # Every half hour, since Monday morning comes by the organisation's clock; what was sent is not sent again.
    "monday_mails": {
        "task": "retention.send_monday_mails",
        "schedule": crontab(minute="0,30"),
        "options": {"expires": 1500},
    },
    "backtest": {"task": "retention.backtest", "schedule": crontab(day_of_week="sunday", hour="1", minute="15")},
    "nightly": {"task": "retention.start_nightly_run", "schedule": crontab(hour="2", minute="15")},
}
