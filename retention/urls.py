"""Every route of the site."""

from django.contrib import admin
from django.contrib.auth import urls as sign_in_urls
from django.contrib.auth import views as sign_in_views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_safe

from retention.api import tokens
from retention.notifications import monday_views as monday
from retention.notifications import views as notifications
from retention.sign_in import (
    LimitedAdminSignIn,
    LimitedPasswordReset,
    LimitedSignIn,
    NewPassword,
    NewPasswordByMail,
)

admin.site.login_form = LimitedAdminSignIn


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process serves requests; for load balancers and container health checks."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("retention.api.urls")),
    path("inbox", notifications.show_inbox, name="inbox"),
    path("inbox/bell", notifications.show_bell, name="bell"),
    path("scorecard/mail", monday.show_setting, name="scorecard_mail"),
    path("scorecard/mail/stop/<str:token>", monday.stop_mail, name="scorecard_mail_stop"),
    path("", include("departments.cure.urls")),
    path("", include("departments.urls")),
    path("", include("departments.care.urls")),
    path("", include("retention.care.urls")),
    path("", include("retention.dashboards.urls")),
    path("", include("retention.asking.urls")),
    path("", include("retention.budgets.urls")),
    path("", include("retention.overrides.urls")),
    path("", include("retention.rules.urls")),
    path("", include("retention.sharing.urls")),
    path("", include("retention.versions.urls")),
    path("login/", sign_in_views.LoginView.as_view(authentication_form=LimitedSignIn), name="login"),
    path(
        "password_reset/",
        sign_in_views.PasswordResetView.as_view(form_class=LimitedPasswordReset),
        name="password_reset",
    ),
    path(
        "password_change/",
        sign_in_views.PasswordChangeView.as_view(form_class=NewPassword),
        name="password_change",
    ),
    path(
        "reset/<uidb64>/<token>/",
        sign_in_views.PasswordResetConfirmView.as_view(form_class=NewPasswordByMail),
        name="password_reset_confirm",
    ),
    path("token", tokens.show_token, name="token"),
    path("token/end", tokens.end_own_token, name="token_end"),
    path("", include("retention.imports.urls")),
    path("", include(sign_in_urls)),
]
