"""What sessions and orders have in common: a price, and lines that it is made of. Amounts are minor units."""

from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Q

from checkout.models.catalog import Variant
from exactly_once.triggers import row_check


class Priced(models.Model):
    """Totals, and what is not said by the lines: how the goods are sent and what that costs.

    ``discount_minor`` is what is taken off lines and shipping; ``tax_minor`` is what comes on top of their prices.
    """

    currency = models.CharField(max_length=3)
    subtotal_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    fulfillment_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    # As the buyer wrote it, and the title of what it took off; without a title it did not apply.
    discount_code = models.CharField(max_length=32, blank=True)
    discount_title = models.CharField(max_length=100, blank=True)
    # The option's code and name; both empty where nothing is sent.
    fulfillment_option = models.CharField(max_length=32, blank=True)
    fulfillment_name = models.CharField(max_length=100, blank=True)
    # What of discount and taxes is of the shipping: (jurisdiction, percent, inclusive, amount_minor) each.
    shipping_discount_minor = models.BigIntegerField(default=0)
    shipping_tax_minor = models.BigIntegerField(default=0)
    shipping_taxes = models.JSONField(default=list, blank=True)
    # The goods go there; empty: they are collected.
    shipping_address = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_totals_add_up",
                condition=Q(
                    total_minor=F("subtotal_minor") - F("discount_minor") + F("fulfillment_minor") + F("tax_minor")
                ),
            ),
            models.CheckConstraint(
                name="%(class)s_totals_not_negative",
                condition=Q(
                    subtotal_minor__gte=0,
                    discount_minor__gte=0,
                    fulfillment_minor__gte=0,
                    tax_minor__gte=0,
                    total_minor__gte=0,
                    shipping_tax_minor__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="%(class)s_shipping_discount_within",
                condition=Q(shipping_discount_minor__gte=0, shipping_discount_minor__lte=F("fulfillment_minor")),
            ),
        ]


class PricedLine(models.Model):
    """Units of one variant at a price, what is taken off them, and the taxes on top of it."""

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT)
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=420)
    quantity = models.IntegerField()
    unit_amount_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    # All taxes, those within the price too: (jurisdiction, percent, inclusive, amount_minor) each.
    taxes = models.JSONField(default=list, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(name="%(class)s_quantity_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="%(class)s_discount_within",
                condition=Q(
                    discount_minor__gte=0,
                    discount_minor__lte=F("quantity") * F("unit_amount_minor"),
                    unit_amount_minor__gt=0,
                    tax_minor__gte=0,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"

    @property
    def subtotal_minor(self) -> int:
        """What the units cost before discount and taxes on top."""
        return self.quantity * self.unit_amount_minor

    @property
    def total_minor(self) -> int:
        """What the buyer pays for them."""
        return self.subtotal_minor - self.discount_minor + self.tax_minor


def same(kind: type[Priced | PricedLine], row: Priced | PricedLine) -> dict[str, Any]:
    """Return the columns that a row shares with every other of this abstract kind, to make another of them."""
    return {column.attname: getattr(row, column.attname) for column in kind._meta.local_fields}  # noqa: SLF001 - Django's documented name


def lines_add_up(*, whole: str, lines: str, owner: str, of_lines: bool) -> pgtrigger.Trigger:
    """Return a trigger by which the totals are those of the lines and the shipping, at commit, whoever writes.

    :param owner: the column of ``lines`` that names the row of ``whole``.
    :param of_lines: whether it watches the lines; a second one watches the totals.
    """
    touched = f"NEW.{owner}, OLD.{owner}" if of_lines else "NEW.id"
    watched = ["subtotal_minor", "discount_minor", "tax_minor", "shipping_discount_minor", "shipping_tax_minor"]
    return row_check(
        name="lines_add_up",
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete
        if of_lines
        else pgtrigger.Insert | pgtrigger.UpdateOf(*watched),  # type: ignore[no-untyped-call]
        timing=pgtrigger.Deferred,
        declare=[("wrong", "text")],
        first=f"""SELECT w.public_id INTO wrong
            FROM {whole} AS w
            LEFT JOIN {lines} AS l ON l.{owner} = w.id
            WHERE w.id IN ({touched})
            GROUP BY w.id
            HAVING
                w.subtotal_minor <> coalesce(sum(l.quantity * l.unit_amount_minor), 0)
                OR w.discount_minor <> coalesce(sum(l.discount_minor), 0) + w.shipping_discount_minor
                OR w.tax_minor <> coalesce(sum(l.tax_minor), 0) + w.shipping_tax_minor;""",  # noqa: S608 - the names of our own tables
        fails_if="wrong IS NOT NULL",
        says="the lines of % do not add up to its totals",
        about="wrong",
        constraint="lines_add_up",
    )
