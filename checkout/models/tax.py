"""What is taxed alike."""

from django.db import models


class TaxCategory(models.Model):
    """A kind of goods or services that tax laws tell apart, such as books or food; each region sets its rates."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=100)

    class Meta:
        verbose_name_plural = "tax categories"

    def __str__(self) -> str:
        return self.code
