"""Django's settings for django-hordak alone. None of Tally's apps is loaded under them."""

import environs

DATABASES = {"default": environs.Env().dj_db_url("DATABASE_URL", conn_max_age=None)}
DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 8}}
DATABASES["default"]["CONN_MAX_AGE"] = 0
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "mptt", "djmoney", "hordak"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
SECRET_KEY = "none is needed, nothing is signed"  # noqa: S105 - protects nothing
DEFAULT_CURRENCY = "EUR"
CURRENCIES = ["EUR"]
HORDAK_INTERNAL_CURRENCY = "EUR"
