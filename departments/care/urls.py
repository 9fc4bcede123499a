"""Routes of what is written about an account."""

from django.urls import path

from departments.care import views

urlpatterns = [
    path("report", views.choose_account, name="report_friction"),
    path("accounts/<uuid:account>/report", views.report_friction_at, name="account_report_friction"),
    path("accounts/<uuid:account>/contact", views.log_contact_with, name="account_log_contact"),
    path("portfolio/assign", views.assign_accounts, name="assign_accounts"),
]
