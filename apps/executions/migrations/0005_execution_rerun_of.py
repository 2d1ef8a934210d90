"""An index for the reruns of an execution. It holds nothing but reruns, so all others cost it nothing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("executions", "0004_tally_and_traceparent")]

    operations = [
        AddIndexConcurrently(
            "execution",
            models.Index(
                fields=["rerun_of", "id"],
                name="execution_rerun_of",
                condition=models.Q(rerun_of__isnull=False),
            ),
        ),
    ]
