"""Retention finds by index what has served its time."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("executions", "0007_retention")]

    operations = [
        AddIndexConcurrently(
            "execution",
            models.Index(
                fields=["ended_at"],
                name="execution_with_logs",
                condition=models.Q(ended_at__isnull=False, logs_removed_at__isnull=True),
            ),
        ),
        AddIndexConcurrently(
            "execution",
            models.Index(
                fields=["ended_at"],
                name="execution_with_artifacts",
                condition=models.Q(ended_at__isnull=False, artifacts_removed_at__isnull=True),
            ),
        ),
        AddIndexConcurrently(
            "execution",
            models.Index(
                fields=["secret_parameters"],
                name="execution_with_secrets",
                condition=models.Q(secret_parameters__isnull=False),
            ),
        ),
    ]
