"""What the documents list is what there is."""

from pathlib import Path

from attune.settings.env import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_settings_is_that_of_the_catalogue() -> None:
    rows = [line for line in (ROOT / "docs" / "settings.md").read_text().splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{setting.name}` | {f'`{setting.default}`' if setting.default else ''} | {setting.help} |"
        for setting in CATALOGUE
    ]
