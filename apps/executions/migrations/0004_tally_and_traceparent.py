"""Numbers kept with the announcements, and the trace a request belongs to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("executions", "0003_execution_ended")]

    operations = [
        migrations.AddField(
            model_name="execution",
            name="traceparent",
            field=models.CharField(blank=True, db_default="", help_text="of the request, W3C", max_length=55),
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("metric", models.CharField(max_length=100)),
                ("key", models.CharField(max_length=40)),
                ("value", models.FloatField(default=0)),
            ],
            options={
                "verbose_name_plural": "tallies",
                "ordering": ["metric", "key"],
            },
        ),
        migrations.AddConstraint(
            model_name="tally",
            constraint=models.UniqueConstraint(fields=("metric", "key"), name="tally_of_metric_and_key"),
        ),
    ]
