from django.apps import AppConfig


class PacksConfig(AppConfig):
    name = "apps.packs"

    def ready(self) -> None:
        from apps.operations import kinds
        from apps.packs import content, operations
        from apps.packs.role_files import RoleFiles
        from apps.packs.runtime_files import RuntimeFiles

        content.register(RuntimeFiles())
        content.register(RoleFiles())
        kinds.register(operations.INSTALL, operations.install)
