from apps.executions.models.epoch import SlotsEpoch
from apps.executions.models.execution import Execution, SecretParameters
from apps.executions.models.gate import Gate, Pass
from apps.executions.models.history import History
from apps.executions.models.idempotency import IdempotencyKey
from apps.executions.models.pin import Pin
from apps.executions.models.policy import Policy
from apps.executions.models.tally import Tally

__all__ = [
    "Execution",
    "Gate",
    "History",
    "IdempotencyKey",
    "Pass",
    "Pin",
    "Policy",
    "SecretParameters",
    "SlotsEpoch",
    "Tally",
]
