"""One row: how often the lines in Redis were built anew from this database."""

from django.db import models


class SlotsEpoch(models.Model):
    """Raised before each rebuild; a grant of an older epoch is not made real."""

    number = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(name="slots_epoch_is_one_row", condition=models.Q(pk=1))]

    def __str__(self) -> str:
        return str(self.number)
