"""Events that are sent by somebody, and sent once more."""

import pytest

from apps.triggers.models import Event
from apps.triggers.services.sending import UnknownEvent, replay_event
from tests.factories import make_event, make_trigger_type
from tests.people import People


def test_an_event_that_is_removed_while_it_is_replayed_is_not_found(people: People) -> None:
    make_trigger_type()
    event = make_event()
    Event.objects.filter(pk=event.pk).delete()
    with pytest.raises(UnknownEvent, match=f"There is no event {event.pk}"):
        replay_event(people.administrator, event)
    assert not Event.objects.exists()
