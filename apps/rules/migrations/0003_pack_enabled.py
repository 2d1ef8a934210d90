from django.db import migrations, models


def follow_packs(apps, schema_editor):
    disabled = apps.get_model("packs", "Pack").objects.filter(is_enabled=False).values("ref")
    apps.get_model("rules", "Rule").objects.filter(pack_ref__in=disabled).update(is_pack_enabled=False)


class Migration(migrations.Migration):
    dependencies = [("rules", "0002_version_owner"), ("packs", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="rule",
            name="is_pack_enabled",
            field=models.BooleanField(db_default=True, default=True, help_text="true for a rule of no pack"),
        ),
        migrations.RunPython(follow_packs, migrations.RunPython.noop),
    ]
