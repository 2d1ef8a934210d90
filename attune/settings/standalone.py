"""What `script/up` runs: one machine, plain HTTP on the loopback address."""

from attune.settings.base import *

# The supervisor asks /readyz by this name, whatever hosts the operator allows besides.
ALLOWED_HOSTS = [*ALLOWED_HOSTS, "127.0.0.1"]
# script/up puts no proxy before the web role, so who connects from this machine is on it.
ATTUNE_METRICS_OPEN_TO_LOOPBACK = True
