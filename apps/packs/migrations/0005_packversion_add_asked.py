from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("packs", "0004_pack_add_removed_at")]

    operations = [
        migrations.AddField(
            model_name="packversion",
            name="asked",
            field=models.JSONField(
                db_default={}, default=dict, help_text="{kind, address?, ref?}: how it was asked for"
            ),
        ),
    ]
