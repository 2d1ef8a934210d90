"""When a pack is installed, its environments are built on the workers that will use them."""

from typing import Any

from apps.actions.models import Action
from apps.workers.builds import request_builds


def on_happened(*, kind: str, subject: Any, **_: Any) -> None:
    """Receiver of `core.signals.happened`; it only enqueues."""
    if kind == "pack":
        request_pack_builds(str(subject))


def request_pack_builds(pack_ref: str) -> None:
    runtimes = Action.objects.filter(pack__ref=pack_ref).order_by().values_list("runtime", flat=True).distinct()
    for runtime in runtimes:
        request_builds(pack_ref, runtime)
