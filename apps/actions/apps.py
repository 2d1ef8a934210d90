from django.apps import AppConfig


class ActionsConfig(AppConfig):
    name = "apps.actions"

    def ready(self) -> None:
        from apps.actions.files import ActionFiles
        from apps.packs import content

        content.register(ActionFiles())
