import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import ErrorCollector
from apps.core.types import JsonObject
from apps.packs import yaml
from apps.packs.writing import as_yaml

ROOT = Path(__file__).parents[3]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e9, 1e9) | TEXT
TRICKY = st.sampled_from(
    ["yes", "0o17", "1.10", "~", "null", "1e3", "0x1f", "on", "2026-11-22", "- a", "a: b", "#", "*x", "!t"]
)
VALUES = st.recursive(
    SCALARS | TRICKY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | TRICKY, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(TEXT | TRICKY, VALUES, max_size=5))
def test_what_is_written_reads_as_it_was(body: JsonObject) -> None:
    errors = ErrorCollector()
    document = yaml.parse(as_yaml(body).encode(), "x.yaml", errors)
    assert errors.errors == []
    assert document is not None
    assert document.value({}) == body


def test_it_is_written_in_utf_8_whatever_the_locale_is(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, apps.packs.writing as w; w.write_yaml(pathlib.Path(sys.argv[1]), {'label': '\\u6771'})"
    )
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    file = tmp_path / "pack.yaml"
    subprocess.run([sys.executable, "-c", program, file], env=env, cwd=ROOT, check=True, timeout=60)
    assert file.read_bytes() == 'label: "\u6771"\n'.encode()
