"""Which actions have ever run: read from the index of executions, so actions that are gone are found too."""

from django.db import connection

#: One look into the index for each different action, however many executions it has.
_REFS = """
    WITH RECURSIVE refs (ref) AS (
        SELECT min(action_ref) FROM executions_execution
        UNION ALL
        SELECT (SELECT min(action_ref) FROM executions_execution WHERE action_ref > refs.ref)
          FROM refs WHERE refs.ref IS NOT NULL)
    SELECT ref FROM refs WHERE ref IS NOT NULL AND {condition}
"""


def action_refs_with(text: str) -> list[str]:
    """Refs that contain `text`, whatever its case. They say nothing of whose executions there are: only narrow by
    them."""
    return _refs("position(lower(%s) IN lower(ref)) > 0", text)


def action_refs_below(pack_ref: str) -> list[str]:
    """Refs that begin with the pack's: all of its actions, perhaps those of a pack `<pack_ref>.more` too."""
    return _refs("starts_with(ref, %s)", f"{pack_ref}.")


def _refs(condition: str, value: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_REFS.format(condition=condition), [value])
        return [ref for (ref,) in cursor.fetchall()]
