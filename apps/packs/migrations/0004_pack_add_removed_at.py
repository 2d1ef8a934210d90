from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("packs", "0003_packversion_add_source")]

    operations = [
        migrations.AddField(
            model_name="pack",
            name="removed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
