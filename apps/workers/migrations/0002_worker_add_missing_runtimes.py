from django.db import migrations, models


class Migration(migrations.Migration):
    """Workers of the version before go on registering: the column may be empty."""

    dependencies = [("workers", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="missing_runtimes",
            field=models.JSONField(
                help_text="{runtime: why it cannot be run here}; null: a worker of an older version", null=True
            ),
        ),
    ]
