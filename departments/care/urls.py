"""Routes of what is written about an account."""

from django.urls import path

from departments.care import call_request_views, views

urlpatterns = [
    path("report", views.choose_account, name="report_friction"),
    path("accounts/<uuid:account>/report", views.report_friction_at, name="account_report_friction"),
    path("accounts/<uuid:account>/contact", views.log_contact_with, name="account_log_contact"),
    path("accounts/<uuid:account>/ask-for-call", call_request_views.ask_at, name="account_ask_for_call"),
    path("call-requests/<uuid:call_request>/return", call_request_views.return_, name="call_request_return"),
    path("call-requests/<uuid:call_request>/withdraw", call_request_views.withdraw, name="call_request_withdraw"),
    path("portfolio/assign", views.assign_accounts, name="assign_accounts"),
]
