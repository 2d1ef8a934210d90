from django.apps import AppConfig


class ActionsConfig(AppConfig):
    name = "apps.actions"

    def ready(self) -> None:
        from apps.actions.files import ActionFiles
        from apps.actions.services.uses import uses_by_actions
        from apps.packs import content, uses

        content.register(ActionFiles())
        uses.register(uses_by_actions)
