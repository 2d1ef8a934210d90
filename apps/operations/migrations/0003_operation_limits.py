"""An operation is bound as the token was that it was asked for with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0002_operation_ended")]

    operations = [
        migrations.AddField(
            model_name="operation",
            name="limits",
            field=models.JSONField(
                blank=True,
                db_default=[],
                default=list,
                help_text="of the token it was asked for with; it is bound by each",
            ),
        ),
    ]
