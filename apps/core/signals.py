"""The one way in which a lower room tells the rooms above that something happened. Fed by the outbox."""

from django.dispatch import Signal

#: Sent with `kind` (`"execution"`), `subject` (its id) and `payload` (JSON). Receivers only enqueue.
happened = Signal()
