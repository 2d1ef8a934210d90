"""Refs that nobody's pack may take. Knows nothing else, so that the command line can look here too."""

#: Attune's own packs.
OWN = frozenset({"core", "examples", "examples_text"})
#: Those, and words that stand for something else where a ref could stand.
RESERVED = OWN | {"install", "index", "upload"}
