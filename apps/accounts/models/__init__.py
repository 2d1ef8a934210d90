from apps.accounts.models.identity import Identity
from apps.accounts.models.token import ApiToken

__all__ = ["ApiToken", "Identity"]
