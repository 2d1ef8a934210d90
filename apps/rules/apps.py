from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "apps.rules"

    def ready(self) -> None:
        from apps.executions import outbox, rounds
        from apps.packs import content, uses
        from apps.rules import loops, overlap, processing, retention
        from apps.rules.pack_files import RuleFiles
        from apps.rules.pack_uses import uses_by_rules
        from apps.rules.services.rules import follow_pack
        from apps.triggers import internal

        content.register(RuleFiles())
        content.register_switch_follower(follow_pack)
        uses.register(uses_by_rules)
        internal.register_depths(loops.depths_after)
        outbox.register(overlap.on_executions)
        rounds.register_collection(retention.collect_events)
        rounds.register_sweep(processing.sweep_events)
        rounds.register_sweep(overlap.release_forgotten)
