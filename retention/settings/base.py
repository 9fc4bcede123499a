"""Production: everything comes from the environment, nothing is on that should be off."""

from pathlib import Path

from csp.constants import NONE, SELF

from retention.api.about import ABOUT
from retention.settings import environment

BASE_DIR = Path(__file__).resolve().parent.parent.parent

SECRET_KEY = environment.required("SECRET_KEY", "a long random text that signs sessions and links")
DEBUG = False
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", "localhost,127.0.0.1")
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS", "")

INSTALLED_APPS = [
    "accounts",
    "departments",
    "retention",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "retention.signed_out.SignInAgain",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "retention.middleware.tell_parts_from_pages",
    "retention.middleware.write_for_the_reader",
]
ROOT_URLCONF = "retention.urls"
WSGI_APPLICATION = "retention.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "retention.navigation.chrome",
            ],
            "builtins": ["retention.templatetags.addresses", "retention.templatetags.figures"],
        },
    },
]

FORM_RENDERER = "retention.form_controls.Renderer"

DATABASES = {
    "default": {
        **environment.database(environment.required("DATABASE_URL", "postgresql://user:password@host:5432/name")),
        # Opening a connection costs more than most pages; health checks drop the dead ones.
        "CONN_MAX_AGE": environment.integer("CONN_MAX_AGE", 600, least=0, most=86_400),
        "CONN_HEALTH_CHECKS": True,
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BROKER_URL, CACHE_URL = environment.redis(environment.required("REDIS_URL", "redis://host:6379/0"))
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

CELERY_BROKER_URL = BROKER_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TIMEZONE = "UTC"

AUTH_USER_MODEL = "departments.Person"
AUTHENTICATION_BACKENDS = ["departments.sign_in.PeopleOnly"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
# How many proxies of ours stand before the web server; each adds one address to X-Forwarded-For.
TRUSTED_PROXIES = environment.integer("TRUSTED_PROXIES", 0, least=0, most=10)
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

# Whether the weekly fit may put a better model in force by itself, under the rule of the backtest.
ACTIVATES_BETTER_MODELS = environment.boolean("ACTIVATES_BETTER_MODELS", "false")
SITE_URL = environment.text("SITE_URL", "http://127.0.0.1:8000")

LANGUAGE_CODE = environment.text("LANGUAGE_CODE", "en-gb")
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = environment.text("STATIC_ROOT", str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("vendor/tabler", BASE_DIR / "node_modules/@tabler/core/dist"),
    ("vendor/echarts", BASE_DIR / "node_modules/echarts/dist"),
    ("vendor/htmx", BASE_DIR / "node_modules/htmx.org/dist"),
]
# The typeface of printed pages.
FONTS_ROOT = BASE_DIR / "node_modules/dejavu-fonts-ttf/ttf"
MEDIA_ROOT = environment.text("MEDIA_ROOT", str(BASE_DIR / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = environment.text("EMAIL_HOST", "localhost")
EMAIL_PORT = environment.integer("EMAIL_PORT", 25, least=1, most=65_535)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD", "")
# A mail server that says nothing must not hold up whoever waits for it.
EMAIL_TIMEOUT = 30
EMAIL_USE_TLS = environment.boolean("EMAIL_USE_TLS", "false")
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", "Holdfast <holdfast@localhost>")

SECURE_SSL_REDIRECT = environment.boolean("SECURE_SSL_REDIRECT", "true")
SECURE_HSTS_SECONDS = environment.integer("SECURE_HSTS_SECONDS", 31_536_000, least=0, most=63_072_000)
# Off unless asked for: either binds every other host of the domain, for as long as browsers remember.
SECURE_HSTS_INCLUDE_SUBDOMAINS = environment.boolean("SECURE_HSTS_INCLUDE_SUBDOMAINS", "false")
SECURE_HSTS_PRELOAD = environment.boolean("SECURE_HSTS_PRELOAD", "false")
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
# Anybody can write the header; it means something only where a proxy of ours overwrites it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
ATTACHMENT_MEGABYTES = environment.integer("ATTACHMENT_MEGABYTES", 10, least=1, most=100)

API_CALLS_A_MINUTE = environment.integer("API_CALLS_A_MINUTE", 600, least=1, most=1_000_000)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "retention.api.callers.MayDo"],
    "DEFAULT_FILTER_BACKENDS": [
        "retention.api.callers.OnlyVisible",
        "django_filters.rest_framework.DjangoFilterBackend",
    ],
    "DEFAULT_PAGINATION_CLASS": "retention.api.pagination.Pages",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["retention.api.parsers.FlatJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": f"{API_CALLS_A_MINUTE}/min"},
    "EXCEPTION_HANDLER": "retention.api.errors.answer_error",
}
SPECTACULAR_SETTINGS = {
    # Two records have a state of their own; without a name each would get one made of letters and digits.
    "ENUM_NAME_OVERRIDES": {
        "IncidentState": "departments.models.friction.State",
        "RecoveryState": "retention.models.recovery.RecoveryState",
        "BackfillState": "departments.models.rules.BackfillState",
        "SignalKind": "retention.api.serializers.rules.KIND_CHOICES",
        "HandOffReason": "departments.models.handoff.Reason",
        "DisputeReason": "departments.models.dispute.DisputeReason",
        "DisputeEnd": "departments.models.dispute.DisputeEnd",
        "WaitReason": "departments.models.wait.WaitReason",
        "ActionState": "retention.api.serializers.cure.ACTION_STATES",
        "StrikeKind": "retention.api.serializers.cure.STRIKE_KINDS",
        "ActionKind": "departments.models.cure.ActionKind",
        "CostKind": "departments.models.cure.CostKind",
        "CustomerStepKind": "departments.models.cure.CustomerStepKind",
        "Verdict": "departments.models.cure.Verdict",
        "Decision": "departments.models.cure.Decision",
        "CallState": "departments.models.call_request.CallState",
        "Band": "retention.api.serializers.common.BANDS",
    },
    "TITLE": "Holdfast API",
    "DESCRIPTION": ABOUT,
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOG_LEVEL = environment.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Tells of each letter that it puts into a PDF.
    "loggers": {"fontTools": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
