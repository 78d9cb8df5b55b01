"""Addresses of the ledger API, below /api/v1/ledger/."""

from django.urls import path

from ledger.api import report_views, views

urlpatterns = [
    path("accounts", views.AccountListView.as_view(), name="ledger-accounts"),
    path("accounts/<slug:account_id>", views.AccountView.as_view(), name="ledger-account"),
    path("accounts/<slug:account_id>/balance", views.BalanceView.as_view(), name="ledger-balance"),
    path("accounts/<slug:account_id>/entries", views.EntryListView.as_view(), name="ledger-entries"),
    path("transactions/<slug:transaction_id>", views.TransactionView.as_view(), name="ledger-transaction"),
    path("accounts/<slug:account_id>/statement", report_views.StatementView.as_view(), name="ledger-statement"),
    path("books/<str:book>/trial-balance", report_views.TrialBalanceView.as_view(), name="ledger-trial-balance"),
    path("books/<str:book>/balance-sheet", report_views.BalanceSheetView.as_view(), name="ledger-balance-sheet"),
    path("books/<str:book>/income-statement", report_views.IncomeStatementView.as_view(), name="ledger-income"),
    path("books/<str:book>/roll-up", report_views.RollUpView.as_view(), name="ledger-roll-up"),
]
