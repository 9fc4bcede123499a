"""Routes of recoveries and snoozes."""

from django.urls import path

from retention.care import recovery_views, snooze_views

urlpatterns = [
    path("accounts/<uuid:account>/recovery", recovery_views.start_at, name="account_start_recovery"),
    path("accounts/<uuid:account>/snooze", snooze_views.snooze_at, name="account_snooze"),
    path("accounts/<uuid:account>/wake", snooze_views.wake_at, name="account_wake"),
    path("portfolio/snooze", snooze_views.snooze_ticked, name="portfolio_snooze"),
    path("portfolio/wake", snooze_views.wake_ticked, name="portfolio_wake"),
    path("recoveries/<uuid:recovery>", recovery_views.show_recovery, name="recovery"),
    path("recoveries/<uuid:recovery>/change", recovery_views.change, name="recovery_change"),
    path("recoveries/<uuid:recovery>/close", recovery_views.close, name="recovery_close"),
    path("recoveries/<uuid:recovery>/steps", recovery_views.add, name="recovery_add_step"),
    path("recovery-steps/<uuid:step>/change", recovery_views.change_one, name="recovery_step_change"),
    path("recovery-steps/<uuid:step>/remove", recovery_views.remove, name="recovery_step_remove"),
    path("recovery-steps/<uuid:step>/finish", recovery_views.finish, name="recovery_step_finish"),
    path("recovery-steps/<uuid:step>/reopen", recovery_views.reopen, name="recovery_step_reopen"),
]
