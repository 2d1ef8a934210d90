"""What is kept of executions and for how long: pins, and when retention took logs and artifacts."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


def _worker(related_name: str) -> models.Field:
    """Without a constraint: the database would look through all rows for each worker that is forgotten."""
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name=related_name,
        to="workers.worker",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("executions", "0006_policies_of_every_kind"),
        ("workers", "0003_workers_of_two_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("execution", "logs_removed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("execution", "artifacts_removed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField("execution", "worker", _worker("executions")),
        migrations.AlterField("history", "worker", _worker("+")),
        migrations.CreateModel(
            name="Pin",
            fields=[
                (
                    "execution",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="pin",
                        serialize=False,
                        to="executions.execution",
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("pinned_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "pinned_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["execution"]},
        ),
    ]
