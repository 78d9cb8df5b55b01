"""Every setting, read from the environment in this one place. docs/settings.md explains each variable."""

from pathlib import Path

from environs import Env

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()

ENVIRONMENT: str = env.str("TALLY_ENVIRONMENT", "development")
DEBUG: bool = env.bool("DEBUG", default=False)
SECRET_KEY: str = env.str("SECRET_KEY", "development-only")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1"])

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
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
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

# One database; psycopg's own pool holds the connections, so Django must not keep any itself (CONN_MAX_AGE 0).
DATABASES = {"default": env.dj_db_url("DATABASE_URL", "postgresql://postgres@localhost/tally", conn_max_age=0)}
DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", 8), "timeout": 10}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}

CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", "redis://localhost:6379/0")

# How long a request may hold its idempotency key before another may resume it: longer than the longest PSP call.
IDEMPOTENCY_LEASE_SECONDS: int = env.int("IDEMPOTENCY_LEASE_SECONDS", 30)
PSP_CONNECT_TIMEOUT_SECONDS: float = env.float("PSP_CONNECT_TIMEOUT_SECONDS", 2.0)
PSP_READ_TIMEOUT_SECONDS: float = env.float("PSP_READ_TIMEOUT_SECONDS", 10.0)

# PSP accounts by (psp, account). Keys and secrets live in the environment, never in the database.
PSP_ACCOUNTS = {
    "stripe": {
        "main": {
            "api_key": env.str("STRIPE_API_KEY", "sk_test_development"),
            "webhook_secret": env.str("STRIPE_WEBHOOK_SECRET", "whsec_development"),
            "api_base": env.str("STRIPE_API_BASE", "https://api.stripe.com"),
        },
    },
}
