"""Routes of live links."""

from django.urls import path

from retention.sharing import views

urlpatterns = [
    path("scorecard/links", views.show_links, name="live_links"),
    path("scorecard/links/<uuid:link>/end", views.end_link, name="live_link_end"),
    path("live/<str:token>", views.show_live, name="live"),
]
