from tests.integration.api.conftest import administrator, owner, stranger, teammate

__all__ = ["administrator", "owner", "stranger", "teammate"]
