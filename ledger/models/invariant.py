"""Invariants that an operator declares: data, not code."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from ledger.models.accounts import Book

WILDCARD = ":*"  # at the end of a code: the account of that code and all below it


class Invariant(models.Model):
    """What must be true of a book's accounts besides the books' own rules. `verify` and the admin check it.

    ``sum``: in each currency, what ``account`` holds equals what ``plus`` hold less what ``minus`` hold, each on its
    normal side. ``empties``: what ``account`` holds was zero at some moment of the last ``within_days`` days.
    """

    class Kind(models.TextChoices):
        """What is asserted."""

        SUM = "sum", "equals a sum"
        EMPTIES = "empties", "empties within some days"

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="invariants")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=8, choices=Kind)
    account = models.CharField(max_length=200, help_text="A code; with :* at its end, also all accounts below it.")
    plus = models.JSONField(default=list, blank=True, help_text='Codes that are added, such as ["liabilities:orders"].')
    minus = models.JSONField(default=list, blank=True, help_text="Codes that are taken off.")
    within_days = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="ledger_invariant_name", fields=["book", "name"]),
            models.CheckConstraint(
                name="ledger_invariant_complete",
                condition=Q(kind="sum", within_days=None)
                | Q(kind="empties", within_days__isnull=False, within_days__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what cannot be checked, field by field."""
        wrong: dict[str, str] = {}
        for field in ("plus", "minus"):
            codes = getattr(self, field)
            if not isinstance(codes, list) or not all(isinstance(code, str) and code for code in codes):
                wrong[field] = 'A list of account codes, such as ["liabilities:orders", "revenue:*"].'
        if self.kind == self.Kind.SUM and self.within_days is not None:
            wrong["within_days"] = "Only an account that empties has days."
        if self.kind == self.Kind.SUM and not self.plus and not self.minus:
            wrong["plus"] = "Name the accounts that the sum is of."
        if self.kind == self.Kind.EMPTIES and not self.within_days:
            wrong["within_days"] = "Say within how many days it empties, 1 or more."
        if wrong:
            raise ValidationError(wrong)
