"""As whom rules act: as their owner, never as an administrator of last resort.

Where the owner is one, its rules may run the action they name, and, with a token, no more than its roles give it.
"""

from apps.accounts.models import ApiToken, Identity, Role, RoleAssignment
from apps.accounts.permissions import Verb
from apps.accounts.rights import grants_held
from apps.core.errors import Forbidden

#: A service account whose rules come from a pack; no other name has a colon.
_PREFIX = "pack:"


class OwnerInactive(Forbidden):
    """The rule's owner is switched off."""

    code = "owner_inactive"


def acting(owner: Identity | None, *, limits: list[list[str]], rule_ref: str, action_ref: str) -> Identity:
    """Who asks for the execution: the owner, bound by `limits` as the token was with which the rule was written.

    Raises `OwnerInactive`.
    """
    if owner is None or not owner.is_active:
        name = owner.username if owner else "somebody"
        raise OwnerInactive(f"{name}, who owned {rule_ref} when it matched, is switched off or gone.")
    bounds = list(limits)
    if owner.is_superuser:
        bounds.append(_without_superuser(owner, action_ref))
    if bounds:
        owner.token = ApiToken(identity=owner, name=f"rule {rule_ref}", limits=bounds)
    return owner


def limits_of(identity: Identity) -> list[list[str]]:
    """By what the identity is bound as it stands here, to be kept with what it writes."""
    return list(identity.token.limits) if identity.token is not None else []


def account_of_pack(pack_ref: str) -> Identity:
    """The pack's service account, made when first needed: it may run and see the pack's own actions, and what it is
    granted besides."""
    account: Identity
    account, is_new = Identity.objects.get_or_create(
        username=f"{_PREFIX}{pack_ref}", defaults={"kind": Identity.Kind.SERVICE, "password": "!"}
    )
    if is_new:
        role, _ = Role.objects.update_or_create(
            name=f"{_PREFIX}{pack_ref}",
            defaults={
                "description": f"What the rules of {pack_ref} may do.",
                "grants": [f"{verb}@pack:{pack_ref}" for verb in (Verb.ACTION_VIEW, Verb.EXECUTION_RUN)],
                "source": Role.Source.PACK,
            },
        )
        RoleAssignment.objects.get_or_create(role=role, identity=account)
    return account


def _without_superuser(owner: Identity, action_ref: str) -> list[str]:
    own = [f"{verb}@ref:{action_ref}" for verb in (Verb.ACTION_VIEW, Verb.EXECUTION_RUN)]
    return [*own, *dict.fromkeys(grant for role in grants_held(owner.pk) for grant in role)]
