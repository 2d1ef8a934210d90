from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "apps.workers"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from apps.workers.schema import note_schema

        post_migrate.connect(note_schema, sender=self, dispatch_uid="workers.schema")
