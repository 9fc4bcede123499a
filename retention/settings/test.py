"""Tests: the embedded test services, quick passwords, mail kept in memory."""

import os

from retention.settings.embedded import point_at_embedded_services

point_at_embedded_services(os.environ.get("HOLDFAST_SERVICES", "test"))

from retention.settings.base import *  # noqa: E402, F403
from retention.settings.base import BASE_DIR, INSTALLED_APPS, REST_FRAMEWORK  # noqa: E402

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]
# Nobody runs an older version yet: the first migrations build an empty house.
MIGRATION_LINTER_OPTIONS = {"no_cache": True, "ignore_initial_migrations": True, "exclude_apps": ["authtoken"]}

# The permission matrix sends hundreds of calls by one person within a minute.
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"user": "100000/min"}}

SECURE_SSL_REDIRECT = False
SESSION_COOKIE_SECURE = False
CSRF_COOKIE_SECURE = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
MEDIA_ROOT = str(BASE_DIR / ".local" / "test-media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
