"""Types that every room speaks."""

from typing import Any, TypeAlias

#: A value as JSON knows it. `Any` inside, because a recursive alias would have to be narrowed at each use.
JsonValue: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]
