from apps.accounts.models.failure import LoginFailures
from apps.accounts.models.identity import Group, Identity
from apps.accounts.models.role import Role, RoleAssignment
from apps.accounts.models.token import ApiToken, ExecutionLimits

__all__ = ["ApiToken", "ExecutionLimits", "Group", "Identity", "LoginFailures", "Role", "RoleAssignment"]
