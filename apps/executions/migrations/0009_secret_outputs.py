"""Secret outputs, sealed, apart from the results."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

#: Also where executions are removed by a statement of its own, which Django's cascade does not see.
CASCADE = """
ALTER TABLE executions_secretoutputs ADD CONSTRAINT executions_secretoutputs_execution
    FOREIGN KEY (execution_id) REFERENCES executions_execution (id) ON DELETE CASCADE;
"""
NO_CASCADE = "ALTER TABLE executions_secretoutputs DROP CONSTRAINT executions_secretoutputs_execution;"


class Migration(migrations.Migration):
    dependencies = [
        ("executions", "0008_retention_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="SecretOutputs",
            fields=[
                (
                    "execution",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="secret_outputs",
                        serialize=False,
                        to="executions.execution",
                    ),
                ),
                ("sealed", models.BinaryField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name_plural": "secret outputs",
            },
        ),
        migrations.RunSQL(CASCADE, NO_CASCADE),
    ]
