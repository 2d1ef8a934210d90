"""How properties of timers are judged: by what comes out, never by how long it took on a busy machine."""

from hypothesis import HealthCheck, settings

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
