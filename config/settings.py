"""Every setting, read from the environment in this one place. docs/settings.md explains each variable."""

import os
from pathlib import Path
from typing import Any

from environs import Env

from config import admin_look, logs, openapi_settings
from config.environment import DEVELOPMENT, PRODUCTION, refuse_unsafe
from config.sweeps import SWEEPS

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()

# --- Which environment ------------------------------------------------------------------------------------------------

ENVIRONMENT: str = refuse_unsafe({**os.environ, "TALLY_ENVIRONMENT": env.str("TALLY_ENVIRONMENT", DEVELOPMENT)})
IN_PRODUCTION = ENVIRONMENT == PRODUCTION
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
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "django_structlog",
]

MIDDLEWARE = [
    "config.request_log.RequestLogMiddleware",
    "config.nul.RefuseNulMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
TIME_ZONE = "UTC"
USE_TZ = True

# --- Database ---------------------------------------------------------------------------------------------------------

DATABASE_URL: str = env.str("DATABASE_URL", "")
# Who owns the tables, for `migrate` and `up`: the application itself may not change them.
DATABASE_OWNER_URL: str = env.str("DATABASE_OWNER_URL", "")
# What `application_role` gives the login role of web, worker, beat and relay.
DATABASE_APPLICATION_PASSWORD: str = env.str("DATABASE_APPLICATION_PASSWORD", "")
# How long one statement may run, in the web, worker and relay processes: longer than any of their queries, shorter than
# a client's patience. Commands that a person runs have no limit (manage.py).
DATABASE_STATEMENT_TIMEOUT_SECONDS: int = env.int("DATABASE_STATEMENT_TIMEOUT_SECONDS", 30)
# How long a statement may wait for a row that another transaction holds: no transaction of ours should take this long.
DATABASE_LOCK_TIMEOUT_SECONDS: int = env.int("DATABASE_LOCK_TIMEOUT_SECONDS", 10)
# An open transaction that does nothing holds back the outbox relay of the whole cluster.
DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS: int = env.int("DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS", 30)
# Connections of one process: the web server's threads share them. 0: no pool (config/worker.py).
DATABASE_POOL_SIZE: int = env.int("DATABASE_POOL_SIZE", 8)
# How long a request waits for a connection of the pool before it fails.
DATABASE_POOL_TIMEOUT_SECONDS: int = env.int("DATABASE_POOL_TIMEOUT_SECONDS", 10)
# PgBouncer refuses the time-outs as start-up parameters: set them on the role instead (docs/settings.md).
DATABASE_BEHIND_PGBOUNCER: bool = env.bool("DATABASE_BEHIND_PGBOUNCER", default=False)


def _session_options() -> str:
    """Return what each new database session starts with, as libpq's `options`, in milliseconds."""
    limits = {
        "statement_timeout": DATABASE_STATEMENT_TIMEOUT_SECONDS,
        "lock_timeout": DATABASE_LOCK_TIMEOUT_SECONDS,
        "idle_in_transaction_session_timeout": DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS,
    }
    return " ".join(f"-c {name}={seconds * 1000}" for name, seconds in limits.items())


def _database() -> dict[str, Any]:
    """Return the one database. psycopg's pool holds the connections, so Django must not keep any (CONN_MAX_AGE 0)."""
    database: dict[str, Any] = env.dj_db_url("DATABASE_URL", conn_max_age=0, conn_health_checks=True)
    options = database.setdefault("OPTIONS", {})
    if DATABASE_POOL_SIZE:
        options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": DATABASE_POOL_TIMEOUT_SECONDS}
    if DATABASE_BEHIND_PGBOUNCER:
        database["DISABLE_SERVER_SIDE_CURSORS"] = True
    else:
        options["options"] = " ".join(filter(None, [options.get("options"), _session_options()]))
    return database


# Without DATABASE_URL, commands that need no database run (check, makemigrations); manage.py gives the others the
# embedded server's address.
DATABASES = {"default": _database()} if DATABASE_URL else {}

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
SESSION_COOKIE_SECURE = IN_PRODUCTION
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = IN_PRODUCTION
CSRF_FAILURE_VIEW = "config.error_pages.stale_form"
X_FRAME_OPTIONS = "DENY"
# The admin shows a new API key in a message: it must not be written to the sessions' table on its way.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# The longest body of a request: any cart fits. A batch of the ledger has its own: 10,000 transactions are 3 MB and up.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
LEDGER_BATCH_MAX_BYTES: int = env.int("LEDGER_BATCH_MAX_BYTES", 8 * 1024 * 1024)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["config.access.authentication.ApiKeyAuthentication"],
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

# --- Celery -----------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", "redis://localhost:6379/0")
_RABBITMQ = CELERY_BROKER_URL.startswith("amqp")
# A message is acknowledged after its task ended: a killed worker's messages come back.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# A worker takes one message at a time: what it holds back, another could do.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Longer than a PSP call with its time-outs; then the task is killed, and the sweeper finds its row.
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
# How long a stopping worker lets its tasks finish before it gives their messages back.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# A wake-up call is a hint: a request never waits for a broker that is away.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum" if _RABBITMQ else "classic"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"confirm_publish": True}
    if _RABBITMQ
    else {
        # Unacknowledged messages return after this time: longer than the longest task, or it would run twice at once.
        "visibility_timeout": 300,
        # Whoever wakes a worker asks a broker that refuses once, and leaves one that hangs.
        "max_retries": 0,
        "socket_connect_timeout": 2,
        "socket_timeout": 3,
        "socket_keepalive": True,
    }
)
CELERY_BEAT_SCHEDULE = {
    task: {"task": task, "schedule": every, "options": {"expires": 10}} for task, every in SWEEPS.items()
}

# --- Logs -------------------------------------------------------------------------------------------------------------

LOGGING = logs.logging_config(level=env.str("LOG_LEVEL", "INFO"))
logs.configure()
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# One line per request: its end.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10
# A refused request is the client's matter.
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = 20

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

# --- Exactly once -----------------------------------------------------------------------------------------------------

# How long a request may hold its idempotency key before another may resume it: longer than the longest PSP call.
IDEMPOTENCY_LEASE_SECONDS: int = env.int("IDEMPOTENCY_LEASE_SECONDS", 30)

# --- Payments ---------------------------------------------------------------------------------------------------------

PSP_CONNECT_TIMEOUT_SECONDS: float = env.float("PSP_CONNECT_TIMEOUT_SECONDS", 2.0)
PSP_READ_TIMEOUT_SECONDS: float = env.float("PSP_READ_TIMEOUT_SECONDS", 10.0)

# How long an attempt whose outcome is open waits before the PSP is asked again, at least (payments/sweep.py).
ATTEMPT_CHECK_SECONDS: int = env.int("ATTEMPT_CHECK_SECONDS", 10)

# PSP accounts by (psp, account). Keys and secrets live in the environment, never in the database.
PSP_ACCOUNTS = {
    "stripe": {
        "main": {
            "api_key": env.str("STRIPE_API_KEY", "sk_test_development"),
            "webhook_secret": env.str("STRIPE_WEBHOOK_SECRET", "whsec_development"),
            "api_base": env.str("STRIPE_API_BASE", "https://api.stripe.com"),
            "return_url": env.str("STRIPE_RETURN_URL", ""),
        },
    },
}

# --- Checkout ---------------------------------------------------------------------------------------------------------

SHOP_BOOK: str = env.str("SHOP_BOOK", "shop")  # the ledger book that its sales are kept in
# The shop page pays with this key, and so shows it to everybody who opens it: never in production.
SHOP_API_KEY: str = env.str("SHOP_API_KEY", "")
SHOP_CURRENCY: str = env.str("SHOP_CURRENCY", "EUR")
