"""How long executions at a gate usually run is asked with each request into it: without this index the newest that
ended are looked for behind the whole line."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("executions", "0011_execution_gate_index")]

    operations = [
        AddIndexConcurrently(
            "execution",
            models.Index(
                fields=["gate", "id"],
                name="execution_ended_at_gate",
                condition=models.Q(gate__isnull=False, ended_at__isnull=False),
            ),
        ),
    ]
