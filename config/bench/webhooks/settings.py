"""The service's own settings, with the benchmark's addresses beside the others."""

from config.settings import *  # noqa: F403 - each name is a setting

ROOT_URLCONF = "config.bench.webhooks.urls"
