"""Lists of whoever sees only the executions of a pack: without it a rare one is looked for in the whole table."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("executions", "0009_secret_outputs")]

    operations = [
        AddIndexConcurrently(
            model_name="execution",
            index=models.Index(fields=["pack_ref", "id"], name="execution_pack"),
        ),
    ]
