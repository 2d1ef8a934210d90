"""The one way in which a lower room tells the rooms above that something happened. Fed by the outbox."""

from django.dispatch import Signal

#: Sent with `kind` (`"execution"`), `subject` (its id) and `payload` (JSON). Receivers only enqueue, or write rows: of
#: `execution`, `key` and `worker_lost` it is sent in the transaction in which it happened or is announced.
happened = Signal()
