from apps.runner.warden.pulse import Pulse


def test_a_worker_that_beats_is_never_silent() -> None:
    pulse = Pulse(silence_s=20, last_beat=100)

    for now in range(100, 200, 5):
        assert not pulse.beat(now)
        assert not pulse.check(now + 4)
    assert pulse.covers(100)


def test_a_silence_is_noticed_once_when_it_begins() -> None:
    pulse = Pulse(silence_s=20, last_beat=100)

    assert not pulse.check(119.9)
    assert pulse.check(120)
    assert not pulse.check(150)
    assert pulse.is_silent


def test_a_beat_ends_a_silence_that_was_noticed() -> None:
    pulse = Pulse(silence_s=20, last_beat=100)
    pulse.check(120)

    assert not pulse.beat(150)
    assert not pulse.is_silent
    assert pulse.check(170)


def test_a_beat_reveals_a_silence_the_warden_slept_through_itself() -> None:
    pulse = Pulse(silence_s=20, last_beat=100)

    assert pulse.beat(150)


def test_beats_that_waited_for_the_warden_are_no_silence() -> None:
    pulse = Pulse(silence_s=20, last_beat=100)

    assert not any(pulse.beat(stamp) for stamp in range(105, 200, 5))
    assert not pulse.check(199)


def test_what_was_claimed_before_the_end_of_a_silence_is_not_covered() -> None:
    pulse = Pulse(silence_s=20, last_beat=100)
    pulse.check(125)
    assert not pulse.covers(124)
    assert not pulse.covers(130)
    pulse.beat(150)

    assert not pulse.covers(149)
    assert pulse.covers(151)


def test_it_tells_how_long_nothing_can_happen() -> None:
    pulse = Pulse(silence_s=20, last_beat=100)

    assert pulse.remaining_s(105) == 15
    assert pulse.remaining_s(130) == 0
    pulse.check(130)
    assert pulse.remaining_s(131) is None
