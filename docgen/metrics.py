"""The table of metrics, from the catalogue that publishes them."""

from apps.core.metrics.catalogue import METRICS
from docgen.markdown import code, table


def metrics() -> str:
    rows = [[code(item.name), item.kind, ", ".join(map(code, item.labels)), item.help] for item in METRICS]
    return table(["Name", "Kind", "Labels", "What it is"], rows)
