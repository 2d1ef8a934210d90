"""The form in front of the console: proves a password as REST does, and says when to try again."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from apps.accounts.services.login import TooManyLogins, prove_password


class LoginForm(AuthenticationForm):
    """Everybody with an account, not only staff; each page asks for its own verb."""

    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name is None or not password or self.request is None:
            return self.cleaned_data
        try:
            self.user_cache = prove_password(self.request, name=name, password=password)
        except TooManyLogins as error:
            raise ValidationError(error.detail, code=error.code) from error
        if self.user_cache is None:
            raise ValidationError("The name or the password is wrong.", code="invalid_login")
        return self.cleaned_data
