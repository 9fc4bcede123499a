"""The route of budgets."""

from django.urls import path

from retention.budgets import views

urlpatterns = [path("scorecard/budgets", views.show_budgets, name="budgets")]
