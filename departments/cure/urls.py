"""Where problems and the steps of a cure live."""

from django.urls import path

from departments.cure import list_views, problem_views, views

OF_INCIDENT, OF_PROBLEM = {"of": "incident"}, {"of": "problem"}

urlpatterns = [
    path("incidents/ticked/problem", problem_views.gather, name="incidents_problem"),
    path("incidents/<uuid:public_id>/contain", views.contain, OF_INCIDENT, name="incident_contain"),
    path("incidents/<uuid:public_id>/cause", views.find_cause, OF_INCIDENT, name="incident_cause"),
    path("incidents/<uuid:public_id>/plan", views.plan, OF_INCIDENT, name="incident_plan"),
    path("incidents/<uuid:public_id>/cost", views.cost, name="incident_cost"),
    path("incidents/<uuid:public_id>/customer", views.customer_step, name="incident_customer"),
    path("incidents/<uuid:public_id>/unlink", problem_views.unlink, name="incident_unlink"),
    path("cures", list_views.list_cures, name="cures"),
    path("problems", problem_views.list_problems, name="problems"),
    path("problems/<uuid:public_id>", problem_views.show_problem, name="problem"),
    path("problems/<uuid:public_id>/contain", views.contain, OF_PROBLEM, name="problem_contain"),
    path("problems/<uuid:public_id>/cause", views.find_cause, OF_PROBLEM, name="problem_cause"),
    path("problems/<uuid:public_id>/plan", views.plan, OF_PROBLEM, name="problem_plan"),
    path("problems/<uuid:public_id>/close", problem_views.close, name="problem_close"),
    path("problems/<uuid:public_id>/reopen", problem_views.reopen, name="problem_reopen"),
    path("corrective-actions/<uuid:public_id>/done", views.finish, name="action_done"),
    path("corrective-actions/<uuid:public_id>/replan", views.replan, name="action_replan"),
    path("corrective-actions/<uuid:public_id>/drop", views.drop, name="action_drop"),
    path("effectiveness-checks/<uuid:public_id>/confirm", views.confirm, name="check_confirm"),
    path("effectiveness-checks/<uuid:public_id>/reopen", views.reopen, name="check_reopen"),
    path("cure/<slug:kind>/<uuid:public_id>/strike", views.strike, name="cure_strike"),
]
