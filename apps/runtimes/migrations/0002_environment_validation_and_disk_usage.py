from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runtimes", "0001_initial")]

    operations = [
        migrations.AddField(
            "environment",
            "executable",
            models.CharField(blank=True, default="", help_text="what runs actions in it", max_length=500),
        ),
        migrations.AlterField(
            "environment",
            "size_bytes",
            models.BigIntegerField(default=0, help_text="of the generation that serves"),
        ),
        migrations.AddField(
            "environment",
            "disk_bytes",
            models.BigIntegerField(default=0, help_text="of all generations"),
        ),
        migrations.AddField(
            "environment",
            "problems",
            models.JSONField(default=list, help_text="what was broken when it was validated last"),
        ),
        migrations.AddField("environment", "validated_at", models.DateTimeField(blank=True, null=True)),
    ]
