from django.apps import AppConfig


class KeysConfig(AppConfig):
    name = "apps.keys"

    def ready(self) -> None:
        from apps.keys import rotation, sealed
        from apps.keys.models import KeyVersion
        from apps.operations import kinds

        sealed.register(
            sealed.SealedTable("keys", KeyVersion, lambda row: row.key.bound_to(row.number), related=("key",))
        )
        kinds.register(rotation.ROTATE, rotation.run_rotation)
