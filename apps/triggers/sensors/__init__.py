"""Sensors: programs of packs that go on, watch something, and tell what happened.

| module | its one job |
|---|---|
| definition, files | what a sensor's file says, and how a pack brings it |
| protocol, backoff | pure: lines that come in, how long to wait before the next start |
| leases, states | who runs which sensor, and how it stands, in the database |
| launch | what is started: environment, document, secrets, limits |
| listener, recording | what it says becomes events |
| runner | one sensor: start, run, wait, start again |
| watching | which triggers it serves, told as they change |
| process | one supervisor process: its leases, its warden, its runners |
"""
