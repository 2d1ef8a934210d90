from django.apps import AppConfig


class ExecutionsConfig(AppConfig):
    name = "apps.executions"

    def ready(self) -> None:
        from apps.core.signals import happened
        from apps.executions import environments
        from apps.executions.models import SecretOutputs, SecretParameters
        from apps.executions.pack_tests import operation as pack_tests
        from apps.executions.pack_uses import held_digests, uses_by_executions
        from apps.executions.policies import files
        from apps.executions.policies.pack_files import PolicyFiles
        from apps.executions.proving import EnvironmentsFirst
        from apps.keys import sealed
        from apps.operations import kinds
        from apps.packs import content, proving, uses

        content.register(PolicyFiles())
        content.register_follower(files.follow)
        uses.register(uses_by_executions)
        uses.register_holder(held_digests)
        sealed.register(sealed.SealedTable("secret parameters", SecretParameters, lambda row: row.bound_to(row.pk)))
        sealed.register(sealed.SealedTable("secret outputs", SecretOutputs, lambda row: row.bound_to(row.pk)))
        kinds.register(pack_tests.TEST, pack_tests.test, queue_of=pack_tests.queue_of)
        proving.register(EnvironmentsFirst())
        happened.connect(environments.on_happened, dispatch_uid="executions.environments")
