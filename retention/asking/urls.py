"""Routes of questions what if that are kept with their answers."""

from django.urls import path

from retention.asking import views

urlpatterns = [
    path("what-if/answers", views.show_answers, name="what_if_answers"),
    path("what-if/answers/<uuid:public_id>", views.show_answer, name="what_if_answer"),
    path("what-if/answers/<uuid:public_id>/again", views.ask_again, name="what_if_again"),
]
