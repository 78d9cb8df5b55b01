"""Tally's settings, and one entry more."""

from config.settings import *  # noqa: F403 - what a settings module is for
from config.settings import PSP_ACCOUNTS as ACCOUNTS

PSP_ACCOUNTS = {
    **ACCOUNTS,
    "yes": {"main": {"adapter": "tests.flows.fourth_psp.adapter.YesAdapter", "secret": "yes, please"}},
}
