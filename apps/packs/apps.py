from django.apps import AppConfig


class PacksConfig(AppConfig):
    name = "apps.packs"

    def ready(self) -> None:
        from apps.keys import sealed
        from apps.operations import kinds
        from apps.packs import content, operations, uses
        from apps.packs.models import PackConfig
        from apps.packs.role_files import RoleFiles
        from apps.packs.runtime_files import RuntimeFiles
        from apps.packs.services.needed import uses_by_packs

        content.register(RuntimeFiles())
        content.register(RoleFiles())
        sealed.register(
            sealed.SealedTable(
                "configurations of packs", PackConfig, lambda row: row.bound_to(row.pack.uuid), related=("pack",)
            )
        )
        kinds.register(operations.INSTALL, operations.install, queue_of=operations.queue_of)
        kinds.register(operations.UPGRADE, operations.install, queue_of=operations.queue_of)
        kinds.register(operations.ROLLBACK, operations.rollback, queue_of=operations.queue_of)
        uses.register(uses_by_packs)
