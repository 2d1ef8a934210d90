"""An index for statistics: what ended in a period, how, and how long it took, without a look at the rows themselves."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("executions", "0002_database_rules")]

    operations = [
        AddIndexConcurrently(
            "execution",
            models.Index(
                fields=["ended_at"],
                include=["status", "action_ref", "started_at", "requested_by"],
                name="execution_ended",
                condition=models.Q(ended_at__isnull=False),
            ),
        ),
    ]
