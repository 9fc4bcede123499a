"""Routes of the detection rules."""

from django.urls import path

from retention.rules import views

urlpatterns = [
    path("rules", views.show_rules, name="rules"),
    path("rules/new", views.make_rule, name="rule_new"),
    path("rules/<uuid:public_id>", views.show_rule, name="rule"),
    path("rules/<uuid:public_id>/edit", views.edit_rule, name="rule_edit"),
    path("rules/<uuid:public_id>/switch", views.switch_rule, name="rule_switch"),
    path("rules/<uuid:public_id>/backfill", views.backfill, name="rule_backfill"),
]
