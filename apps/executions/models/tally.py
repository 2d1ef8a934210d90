"""Numbers of all executions there ever were, kept by the announcements: nobody has to count a million rows."""

from django.db import models


class Tally(models.Model):
    """One number: `key` is a label, or a bucket of a histogram."""

    metric = models.CharField(max_length=100)
    key = models.CharField(max_length=40)
    value = models.FloatField(default=0)

    class Meta:
        ordering = ["metric", "key"]
        verbose_name_plural = "tallies"
        constraints = [models.UniqueConstraint(fields=["metric", "key"], name="tally_of_metric_and_key")]

    def __str__(self) -> str:
        return f"{self.metric} {self.key} {self.value:g}"
