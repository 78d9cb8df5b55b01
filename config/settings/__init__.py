"""Every setting, read from the environment in this one folder. docs/settings.md explains each variable."""

from pathlib import Path
from typing import Any

from config import admin_look, logs, openapi_settings
from config.settings.admin import *  # noqa: F403 - each name is a setting
from config.settings.api import *  # noqa: F403 - each name is a setting
from config.settings.database import *  # noqa: F403 - each name is a setting
from config.settings.domain import *  # noqa: F403 - each name is a setting
from config.settings.tasks import *  # noqa: F403 - each name is a setting
from config.settings.tracing import *  # noqa: F403 - each name is a setting
from config.settings.tracing import TRACING
from config.settings.variables import ENVIRONMENT as ENVIRONMENT
from config.settings.variables import IN_PRODUCTION, env

BASE_DIR = Path(__file__).resolve().parent.parent.parent

DEBUG: bool = env.bool("DEBUG", default=False)
# The default serves development and tests only: production refuses to start without a strong key of its own.
SECRET_KEY: str = env.str("SECRET_KEY", "development-only")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1"])
# Where `manage.py up` keeps its servers' data, logs and sign-in.
STATE_DIR: Path = env.path("TALLY_STATE_DIR", BASE_DIR / ".tally").resolve()

# --- Django -----------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "config",
    "exactly_once",
    "ledger",
    "payments",
    "checkout",
    "config.access",
    "config.staff",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.staff.site_app.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "django_structlog",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "config.security_headers.SecurityHeadersMiddleware",
    "config.health.HealthMiddleware",
    *(["config.tracing.middleware.TracingMiddleware"] if TRACING else []),
    "config.card_numbers.RefuseCardNumbersMiddleware",
    "config.request_log.RequestLogMiddleware",
    "config.nul.RefuseNulMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.staff.sessions.SessionLimitMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_TZ = True

# --- Web --------------------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
# In production the files are collected, compressed and named by their content when the image is built; elsewhere they
# are served from where they lie.
STATIC_ROOT = BASE_DIR / "staticfiles" if IN_PRODUCTION else None
WHITENOISE_USE_FINDERS = not IN_PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IN_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}

CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
# Cookies and redirects of production assume HTTPS; a proxy that ends TLS must set X-Forwarded-Proto itself.
BEHIND_TLS_PROXY: bool = env.bool("BEHIND_TLS_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SECURE_SSL_REDIRECT = IN_PRODUCTION
SECURE_HSTS_SECONDS: int = env.int("SECURE_HSTS_SECONDS", 31_536_000 if IN_PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = IN_PRODUCTION
SECURE_HSTS_PRELOAD = IN_PRODUCTION
CSRF_FAILURE_VIEW = "config.error_pages.stale_form"
X_FRAME_OPTIONS = "DENY"
# The admin shows a new API key in a message: it must not be written to the sessions' table on its way.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# The longest body of a request: any cart fits. Batches have their own: 10,000 transactions of the ledger are 3 MB and
# up, and 1,000 events come to as much where each is some kilobytes long.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
LEDGER_BATCH_MAX_BYTES: int = env.int("LEDGER_BATCH_MAX_BYTES", 8 * 1024 * 1024)
EVENT_BATCH_MAX_BYTES: int = env.int("EVENT_BATCH_MAX_BYTES", 8 * 1024 * 1024)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["config.access.authentication.ApiKeyAuthentication"],
    "DEFAULT_THROTTLE_CLASSES": ["config.access.rate_limit.RateLimit"],
    "DEFAULT_PERMISSION_CLASSES": ["config.access.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["exactly_once.api.bodies.IJsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.problem_details.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,  # ?format= is ours: reports come as files, too
}

SPECTACULAR_SETTINGS = openapi_settings.SPECTACULAR_SETTINGS
UNFOLD = admin_look.UNFOLD

# --- Logs -------------------------------------------------------------------------------------------------------------

LOGGING = logs.logging_config(level=env.str("LOG_LEVEL", "INFO"))
logs.configure()
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# One line per request: its end.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10
# A refused request is the client's matter.
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = 20

# --- Metrics ----------------------------------------------------------------------------------------------------------

# Who reads /metrics has to send it; without one there is no such page.
METRICS_TOKEN: str = env.str("METRICS_TOKEN", "")

# --- Mail -------------------------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", "Tally <shop@localhost>")
# Without a mail server, each mail is a file that can be read: development has no other.
EMAIL_HOST_NAME: str = env.str("EMAIL_HOST", "")
MAILERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": EMAIL_HOST_NAME,
            "port": env.int("EMAIL_PORT", 587),
            "username": env.str("EMAIL_USER", ""),
            "password": env.str("EMAIL_PASSWORD", ""),
            "use_tls": env.bool("EMAIL_USE_TLS", default=True),
            "timeout": 10,
        },
    }
    if EMAIL_HOST_NAME
    else {
        "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "OPTIONS": {"file_path": str(STATE_DIR / "mail")},
    }
}
