from django.apps import AppConfig


class TriggersConfig(AppConfig):
    name = "apps.triggers"

    def ready(self) -> None:
        from apps.actions.services.key_owners import register_owners
        from apps.core.signals import happened
        from apps.executions import outbox
        from apps.keys.models import Key
        from apps.packs import content
        from apps.triggers import happenings
        from apps.triggers.pack_files import TriggerFiles
        from apps.triggers.sensors.files import SensorFiles
        from apps.triggers.sensors.key_owners import SENSORS
        from apps.triggers.timers import registering
        from apps.triggers.webhooks import starting

        content.register(TriggerFiles())
        content.register(SensorFiles())
        register_owners(Key.OwnerType.SENSOR, SENSORS)
        content.register_follower(happenings.on_pack_installed)
        outbox.register(happenings.on_executions)
        happened.connect(happenings.on_happened, dispatch_uid="triggers.happenings")
        registering.register()
        starting.register()
