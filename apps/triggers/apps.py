from django.apps import AppConfig


class TriggersConfig(AppConfig):
    name = "apps.triggers"

    def ready(self) -> None:
        from apps.executions import companions
        from apps.triggers import listening
        from apps.triggers.timers import keeping
        from apps.triggers.timers.scheduling import TimerThreads

        listening.register_watcher(keeping.on_listened)
        for type_ref, check in keeping.checks():
            listening.register_check(type_ref, check)
        companions.register(TimerThreads)
