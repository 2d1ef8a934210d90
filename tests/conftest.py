"""What every test may use. The services are started by `tests.services` before Django is."""
