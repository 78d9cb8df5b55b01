"""Addresses of the ledger API, below /api/v1/ledger/."""

from django.urls import path

from ledger.api import account_views, report_views, views, write_views

urlpatterns = [
    path("accounts", views.AccountListView.as_view(), name="ledger-accounts"),
    path("accounts/<slug:account_id>", views.AccountView.as_view(), name="ledger-account"),
    path("accounts/<slug:account_id>/balance", views.BalanceView.as_view(), name="ledger-balance"),
    path("accounts/<slug:account_id>/entries", views.EntryListView.as_view(), name="ledger-entries"),
    path("accounts/<slug:account_id>/close", account_views.CloseAccountView.as_view(), name="ledger-close-account"),
    path("accounts/<slug:account_id>/limits", account_views.LimitsView.as_view(), name="ledger-limits"),
    path("accounts/<slug:account_id>/stripes", account_views.StripesView.as_view(), name="ledger-stripes"),
    path("transactions", views.TransactionListView.as_view(), name="ledger-transactions"),
    path("transactions/<slug:transaction_id>", views.TransactionView.as_view(), name="ledger-transaction"),
    path("transactions/<slug:transaction_id>/proof", views.ProofView.as_view(), name="ledger-proof"),
    path("transactions/<slug:transaction_id>/settle", write_views.SettleView.as_view(), name="ledger-settle"),
    path("transactions/<slug:transaction_id>/void", write_views.VoidView.as_view(), name="ledger-void"),
    path("transactions/<slug:transaction_id>/reverse", write_views.ReverseView.as_view(), name="ledger-reverse"),
    path("books", account_views.BookView.as_view(), name="ledger-books"),
    path("books/<str:book>", views.BookView.as_view(), name="ledger-book"),
    path("books/<str:book>/accounts", account_views.OpenAccountView.as_view(), name="ledger-open-account"),
    path("books/<str:book>/transactions", write_views.PostView.as_view(), name="ledger-post"),
    path("books/<str:book>/transactions/batch", write_views.BatchView.as_view(), name="ledger-batch"),
    path("books/<str:book>/close-period", account_views.ClosePeriodView.as_view(), name="ledger-close-period"),
    path("accounts/<slug:account_id>/statement", report_views.StatementView.as_view(), name="ledger-statement"),
    path("books/<str:book>/trial-balance", report_views.TrialBalanceView.as_view(), name="ledger-trial-balance"),
    path("books/<str:book>/balance-sheet", report_views.BalanceSheetView.as_view(), name="ledger-balance-sheet"),
    path("books/<str:book>/income-statement", report_views.IncomeStatementView.as_view(), name="ledger-income"),
    path("books/<str:book>/roll-up", report_views.RollUpView.as_view(), name="ledger-roll-up"),
]
