"""Routes of overrides."""

from django.urls import path

from retention.overrides import views

urlpatterns = [
    path("overrides", views.show_overrides, name="overrides"),
    path("accounts/<uuid:account>/override", views.override, name="account_override"),
    path("overrides/<uuid:override>/approve", views.approve, name="override_approve"),
    path("overrides/<uuid:override>/refuse", views.refuse, name="override_refuse"),
    path("overrides/<uuid:override>/withdraw", views.withdraw, name="override_withdraw"),
]
