"""Where the parts of a trace stand in its picture: columns from cause to effect, a row for each branch.

Reads top to bottom and left to right as the list below it does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.urls import reverse

from apps.executions.models import Execution
from apps.rules.models import Enforcement
from apps.rules.services.traces import Trace
from apps.triggers.models import Event

#: Nodes that are drawn; the list has all of them.
MOST_DRAWN = 300
WIDTH, HEIGHT = 190, 58
_GAP_X, _GAP_Y = 32, 16
_EDGE = 8
#: Characters that fit into a node.
_TITLE_CHARACTERS, _DETAIL_CHARACTERS = 23, 28


@dataclass
class Node:
    """`level` and `row` count from 0. Its place in the picture is that of its upper left corner, in pixels."""

    key: tuple[str, int]
    kind: str
    title: str
    detail: str
    status: str
    url: str
    level: int = 0
    row: int = 0
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)

    @property
    def x(self) -> int:
        return _EDGE + self.level * (WIDTH + _GAP_X)

    @property
    def y(self) -> int:
        return _EDGE + self.row * (HEIGHT + _GAP_Y)

    @property
    def short_title(self) -> str:
        return _cut(self.title, _TITLE_CHARACTERS)

    @property
    def short_detail(self) -> str:
        return _cut(self.detail, _DETAIL_CHARACTERS)

    @property
    def way(self) -> str:
        """The line from its cause, as an SVG path; empty for a beginning."""
        if self.parent is None:
            return ""
        middle = HEIGHT // 2
        start_x, start_y = self.parent.x + WIDTH, self.parent.y + middle
        return f"M{start_x} {start_y}H{start_x + _GAP_X // 2}V{self.y + middle}H{self.x}"


@dataclass(frozen=True)
class Picture:
    """`nodes` in their order; the first of them are drawn."""

    nodes: list[Node]

    @property
    def drawn(self) -> list[Node]:
        return self.nodes[:MOST_DRAWN]

    @property
    def width(self) -> int:
        return max((node.x for node in self.drawn), default=0) + WIDTH + _EDGE

    @property
    def height(self) -> int:
        return max((node.y for node in self.drawn), default=0) + HEIGHT + _EDGE


def drawn(trace: Trace) -> Picture:
    nodes = {node.key: node for node in _nodes(trace)}
    roots = []
    for key, cause in _causes(trace):
        node, parent = nodes[key], nodes.get(cause) if cause is not None else None
        if parent is None:
            roots.append(node)
        else:
            node.parent = parent
            parent.children.append(node)
    return Picture(list(_placed(roots)))


def _placed(roots: list[Node]) -> Iterator[Node]:
    """Depth first; a first child stands beside its parent, each other one below all before it."""
    last_row = -1
    waiting = [(node, False) for node in reversed(roots)]
    while waiting:
        node, is_first = waiting.pop()
        node.level = node.parent.level + 1 if node.parent else 0
        if is_first and node.parent is not None:
            node.row = node.parent.row
        else:
            last_row += 1
            node.row = last_row
        yield node
        waiting += [(child, number == 0) for number, child in reversed(list(enumerate(node.children)))]


def _nodes(trace: Trace) -> Iterator[Node]:
    for event in trace.events:
        yield _of_event(event)
    for enforcement in trace.enforcements:
        yield _of_enforcement(enforcement)
    for execution in trace.executions:
        yield _of_execution(execution)


def _causes(trace: Trace) -> Iterator[tuple[tuple[str, int], tuple[str, int] | None]]:
    """Each node with what it follows from; None for a beginning. Ids rise, so nothing follows from itself."""
    started = {row.execution_id: row.pk for row in trace.enforcements if row.execution_id is not None}
    for execution in trace.executions:
        number = started.get(execution.pk)
        yield ("execution", execution.pk), ("enforcement", number) if number is not None else None
    for event in trace.events:
        cause = event.caused_by_id
        yield ("event", event.pk), ("execution", cause) if cause is not None else None
    for enforcement in trace.enforcements:
        yield ("enforcement", enforcement.pk), ("event", enforcement.event_id)


def _of_event(event: Event) -> Node:
    detail = f"{event.source} {event.source_ref}".strip()
    status = "open" if event.processed_at is None else ""
    url = reverse("admin:event", args=[event.pk])
    return Node(("event", event.pk), "event", event.type_ref, f"{event.pk}, {detail}", status, url)


def _of_enforcement(row: Enforcement) -> Node:
    detail = "" if row.reason is None else str(row.reason.get("text", ""))
    url = f"{reverse('admin:rule', args=[row.rule.ref])}?event={row.event_id}#tester"
    return Node(("enforcement", row.pk), "rule", row.rule.ref, detail, row.status, url)


def _of_execution(execution: Execution) -> Node:
    url = reverse("admin:execution", args=[execution.pk])
    key = ("execution", execution.pk)
    return Node(key, "execution", execution.action_ref, str(execution.pk), execution.status, url)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
