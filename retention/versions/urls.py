"""Routes of the models: what another would change, and putting it in force."""

from django.urls import path

from retention.versions import views

urlpatterns = [
    path("method/models", views.show_models, name="models"),
    path("method/models/<uuid:model>", views.show_model, name="model_version"),
    path("method/models/<uuid:model>/activate", views.activate_model, name="model_activate"),
]
