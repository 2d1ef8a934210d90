"""Executions at a gate are listed by id like all others: by number, a page of them was sorted out of the whole line
where the planner did not know yet how long that is."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("executions", "0010_execution_pack_index")]

    operations = [
        AddIndexConcurrently(
            "execution",
            models.Index(fields=["gate", "id"], name="execution_gate", condition=models.Q(gate__isnull=False)),
        ),
        RemoveIndexConcurrently("execution", name="execution_at_gate"),
    ]
