"""Retention finds operations by their end."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("operations", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            "operation",
            models.Index(fields=["ended_at"], name="operation_ended", condition=models.Q(ended_at__isnull=False)),
        ),
    ]
