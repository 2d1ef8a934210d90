"""References: how packs, and things in packs, are named. A reference is never taken apart; it is looked up whole."""

import re

#: Lower case words joined by dots; dots become underscores on disk.
PACK_REF = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)*\Z")
#: A name inside a pack; dots are allowed (`st2.webhook`), so `pack.name` cannot be split again.
NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_\-]*(\.[A-Za-z0-9_\-]+)*\Z")
#: Longest reference; the columns are as wide.
MAX_LENGTH = 255


def is_pack_ref(text: str) -> bool:
    return len(text) <= 100 and PACK_REF.match(text) is not None


def is_name(text: str) -> bool:
    return len(text) <= 150 and NAME.match(text) is not None


def join(pack_ref: str, name: str) -> str:
    """`("aws", "s3.upload")` → `aws.s3.upload`."""
    return f"{pack_ref}.{name}"


def safe_name(pack_ref: str) -> str:
    """The pack's name on disk: `acme.web` → `acme_web`. Two refs may collide; installing the second is refused."""
    return pack_ref.replace(".", "_")
