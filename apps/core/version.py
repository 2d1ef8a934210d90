"""The version of Attune that this code is; pyproject.toml says the same."""

VERSION = "0.1.0"
