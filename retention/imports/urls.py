"""The routes of imports."""

from django.urls import path

from retention.imports import views

urlpatterns = [
    path("imports", views.show_imports, name="imports"),
    path("imports/<uuid:public_id>", views.show_import, name="import"),
    path("imports/<uuid:public_id>/errors", views.export_errors, name="import_errors"),
]
