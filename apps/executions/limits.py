"""How much one request for an execution may carry, whichever face it comes through."""

from datetime import timedelta

MAX_PARAMETERS_BYTES = 64 * 1024
MAX_LABELS = 50
MAX_LABEL_NAME_CHARS = 63
MAX_LABEL_TEXT_CHARS = 255
#: Furthest future an execution can be asked for.
FURTHEST = timedelta(days=3660)
