"""Proves a password, and counts the tries: so many for one account or from one address, then none for a while.

Counted in PostgreSQL, without which nobody logs in anyway; Redis may be away. A try is counted before the password is
looked at, so that many at once are not more than allowed, and a wrong name costs and says the same as a wrong password.
"""

import hashlib
import ipaddress
import math
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_login_failed
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.models import Identity, LoginFailures
from apps.core.errors import LimitReached

#: Failures are counted for so long from the first one.
WINDOW = timedelta(minutes=15)
#: In that time. An address may be that of a whole office.
MOST_OF_ACCOUNT = 10
MOST_OF_ADDRESS = 50

_COUNT = """
    INSERT INTO accounts_loginfailures AS f (about, count, since) VALUES (%(about)s, 1, clock_timestamp())
    ON CONFLICT (about) DO UPDATE SET
        count = CASE WHEN f.since < excluded.since - make_interval(secs => %(window_s)s) THEN 1 ELSE f.count + 1 END,
        since = CASE WHEN f.since < excluded.since - make_interval(secs => %(window_s)s) THEN excluded.since
                     ELSE f.since END
    RETURNING count, since
"""


class TooManyLogins(LimitReached):
    """Too many logins have failed; try again later."""

    code = "too_many_logins"


def prove_password(request: HttpRequest, *, name: str, password: str) -> Identity | None:
    """The identity, or None for whatever is wrong. Sends Django's `user_login_failed` for every refusal; once, where
    there were too many.

    Raises `TooManyLogins` with `retry_after_s`, whether or not there is such an account.
    """
    account, address = _about("account", name.casefold()), _address(request)
    if address:  # first: an address that is refused locks no more accounts
        _count(request, name, address, most=MOST_OF_ADDRESS, whose="from your address")
    _count(request, name, account, most=MOST_OF_ACCOUNT, whose="with this name")
    identity = authenticate(request, username=name, password=password)
    if not isinstance(identity, Identity):
        return None
    if identity.temporary_until is not None and identity.temporary_until <= timezone.now():
        _tell_refused(request, name)
        return None
    _forget(account, address)
    return identity


def is_own_password(request: HttpRequest, identity: Identity, password: str) -> bool:
    """Whether it is, for somebody who is logged in; counted as a login is. Raises `TooManyLogins`."""
    account = _about("account", identity.username.casefold())
    _count(request, identity.username, account, most=MOST_OF_ACCOUNT, whose="with this name")
    if not identity.check_password(password):
        return False
    _forget(account, "")
    return True


def sweep_failures() -> None:
    LoginFailures.objects.filter(since__lt=timezone.now() - WINDOW).delete()


def _count(request: HttpRequest, name: str, about: str, *, most: int, whose: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"about": about, "window_s": WINDOW.total_seconds()})
        count, since = cursor.fetchone()
    if count > most:
        if count == most + 1:  # each try after it would be a record in the audit, by whoever is not known
            _tell_refused(request, name)
        wait_s = _left_s(since)
        raise TooManyLogins(
            f"Too many logins {whose} have failed; try again in {math.ceil(wait_s / 60)} min.", retry_after_s=wait_s
        )


def _left_s(since: datetime) -> int:
    return max(1, math.ceil((since + WINDOW - timezone.now()).total_seconds()))


def _forget(account: str, address: str) -> None:
    """A login that went well clears the account, and takes back what it counted for its address."""
    LoginFailures.objects.filter(about=account).delete()
    if address:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE accounts_loginfailures SET count = count - 1 WHERE about = %s AND count > 0", [address]
            )


def _tell_refused(request: HttpRequest, name: str) -> None:
    user_login_failed.send(sender=__name__, credentials={"username": name}, request=request)


def _address(request: HttpRequest) -> str:
    """Of IPv6 the network: whoever has one address has all of it. Nothing where a socket file tells none."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return _about("address", str(ipaddress.ip_network((address, 64), strict=False)))
    return _about("address", str(getattr(address, "ipv4_mapped", None) or address))


def _about(kind: str, name: str) -> str:
    """A hash: what somebody typed as a name may be a password."""
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()
