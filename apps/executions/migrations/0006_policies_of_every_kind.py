"""Policies of rates, retries and timeouts; when somebody passed a rate; the retry rule an execution is pinned to."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("executions", "0005_execution_rerun_of"),
    ]

    operations = [
        migrations.CreateModel(
            name="Pass",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name_plural": "passes",
                "ordering": ["id"],
            },
        ),
        migrations.AddField(
            model_name="execution",
            name="retry",
            field=models.JSONField(blank=True, help_text="of a policy; null: as the definition says", null=True),
        ),
        migrations.AddField(
            model_name="policy",
            name="kind",
            field=models.CharField(
                choices=[("concurrency", "Concurrency"), ("rate", "Rate"), ("retry", "Retry"), ("timeout", "Timeout")],
                default="concurrency",
                max_length=11,
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="retry",
            field=models.JSONField(
                blank=True, help_text="as in an action's file, with every default filled in", null=True
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="timeout_s",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="policy",
            name="window_s",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="policy",
            name="limit",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="policy",
            name="pack_ref",
            field=models.CharField(blank=True, default="", help_text="of the pack whose file it is in", max_length=100),
        ),
        migrations.AlterField(
            model_name="policy",
            name="source",
            field=models.CharField(
                choices=[("action", "Action"), ("pack", "Pack"), ("operator", "Operator")], max_length=10
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_removed", False), ("source", "pack")),
                fields=("pack_ref", "name"),
                name="policy_of_pack_file",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "concurrency"),
                        ("limit__isnull", False),
                        ("retry__isnull", True),
                        ("timeout_s__isnull", True),
                        ("window_s__isnull", True),
                    ),
                    models.Q(
                        ("kind", "rate"),
                        ("limit__isnull", False),
                        ("limit__lte", 10000),
                        ("window_s__isnull", False),
                        ("window_s__gte", 0.1),
                        ("window_s__lte", 86400.0),
                        ("retry__isnull", True),
                        ("timeout_s__isnull", True),
                    ),
                    models.Q(
                        ("kind", "retry"),
                        ("retry__isnull", False),
                        ("key__isnull", True),
                        ("limit__isnull", True),
                        ("timeout_s__isnull", True),
                        ("window_s__isnull", True),
                    ),
                    models.Q(
                        ("kind", "timeout"),
                        ("timeout_s__gt", 0),
                        ("timeout_s__isnull", False),
                        ("key__isnull", True),
                        ("limit__isnull", True),
                        ("retry__isnull", True),
                        ("window_s__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="policy_fields_fit_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("limit_override__isnull", True),
                    ("kind", "concurrency"),
                    models.Q(("kind", "rate"), ("limit_override__lte", 10000)),
                    _connector="OR",
                ),
                name="policy_override_fits_kind",
            ),
        ),
        migrations.AddField(
            model_name="pass",
            name="gate",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="passes",
                to="executions.gate",
            ),
        ),
        migrations.AddIndex(
            model_name="pass",
            index=models.Index(fields=["gate", "at"], name="pass_of_gate"),
        ),
    ]
