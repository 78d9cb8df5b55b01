"""Addresses of the ledger API, below /api/v1/ledger/."""

from django.urls import path

from ledger.api import views

urlpatterns = [
    path("accounts", views.AccountListView.as_view(), name="ledger-accounts"),
    path("accounts/<slug:account_id>", views.AccountView.as_view(), name="ledger-account"),
    path("accounts/<slug:account_id>/balance", views.BalanceView.as_view(), name="ledger-balance"),
    path("accounts/<slug:account_id>/entries", views.EntryListView.as_view(), name="ledger-entries"),
    path("transactions/<slug:transaction_id>", views.TransactionView.as_view(), name="ledger-transaction"),
    path("trial-balance", views.TrialBalanceView.as_view(), name="ledger-trial-balance"),
]
