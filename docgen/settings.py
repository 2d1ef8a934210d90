"""The table of settings, from the catalogue that reads them."""

from attune.settings.env import CATALOGUE
from docgen.markdown import code, table


def settings() -> str:
    rows = [[code(item.name), code(item.default), item.help] for item in CATALOGUE]
    return table(["Name", "Default", "What it does"], rows)
