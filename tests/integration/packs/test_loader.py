from pathlib import Path

import pytest

from apps.packs.loader import PackInvalid, load_pack
from apps.packs.manifest import PackManifest
from tests.factories import make_runtimes, write_pack
from tests.factories.packs import ACTION

pytestmark = pytest.mark.usefixtures("shell")


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(PackInvalid) as refused:
        load_pack(folder)
    return [str(error) for error in refused.value.errors]


def test_a_folder_without_a_manifest_says_what_every_pack_has(tmp_path: Path) -> None:
    (said,) = mistakes(tmp_path)
    assert said.startswith("pack.yaml: there is no pack.yaml")
    assert "`ref` and `version`" in said


def test_the_errors_of_all_files_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    folder = write_pack(
        tmp_path,
        ref="Not-A-Ref",
        version="one",
        more="colour: red\n",
        files={
            "actions/broken.yaml": "name: [\n",
            "actions/double.yaml": "name: double\nruntime: shell\nname: twice\n",
            "actions/empty.yaml": "",
            "actions/lost.yaml": ACTION.format(name="lost"),
            "actions/odd.yaml": "name: odd\nentry_point: odd.sh\nruntime: cobol\ntimeout_s: soon\n",
            "runtimes/half.yaml": "name: half\n",
        },
    )
    said = mistakes(folder)
    places = [line.split(": ")[0] for line in said]
    assert places == [
        "pack.yaml:1",
        "pack.yaml:2",
        "pack.yaml:3",
        "runtimes/half.yaml:1",
        "runtimes/half.yaml:1",
        "actions/broken.yaml:2",
        "actions/double.yaml:3",
        "actions/empty.yaml",
        "actions/lost.yaml:3",
        "actions/odd.yaml:4",
        "actions/odd.yaml:2",
        "actions/odd.yaml:3",
    ]
    assert "`acme.web`" in said[0]
    assert "the key 'name' stands on line 1 and on line 3" in said[6]
    assert "actions/lost.sh is not in the pack" in said[8]


@pytest.mark.parametrize("written", ['"a\\0b"', ".nan", "-.inf", "1e999", "99999999999999999999", "9" * 5_000])
def test_a_value_that_no_column_can_hold_is_told_with_its_line(tmp_path: Path, written: str) -> None:
    folder = write_pack(tmp_path, more=f"meta:\n  fine: 1\n  odd: {written}\n")
    (said,) = mistakes(folder)
    assert said.startswith("pack.yaml:5: meta.odd: ")
    assert said.endswith("cannot be kept")


def test_a_label_longer_than_its_column_is_told_with_its_line(tmp_path: Path) -> None:
    (said,) = mistakes(write_pack(tmp_path, more=f"label: {'x' * 256}\n"))
    assert said.startswith("pack.yaml:3: label: ")


def test_a_mistake_in_one_field_hides_none_in_another(tmp_path: Path) -> None:
    more = "dependencies: [acme]\nruntimes: {shell: newest}\ncolour: red\n"
    wrong = "name: a\nruntime: shell\nentry_point: none.sh\ntimeout_s: -1\nparameters:\n  PATH: {type: strnig}\n"
    said = mistakes(write_pack(tmp_path, version="1.0", more=more, files={"actions/a.yaml": wrong}))
    assert [line.split(": ")[0] for line in said] == [
        "pack.yaml:2", "pack.yaml:5", "pack.yaml:4", "pack.yaml:3",
        "actions/a.yaml:4", "actions/a.yaml:3", "actions/a.yaml:6",
    ]  # fmt: skip
    assert said[0] == 'pack.yaml:2: version: "1.0" is not of the right form (a semantic version: `1.0.0`)'


def test_two_names_of_one_runtime_are_told_with_both_places(tmp_path: Path) -> None:
    runtime = "name: {name}\ndetect: [[x]]\ncommand: [x]\naliases: [{alias}]\n"
    files = {
        "runtimes/a.yaml": runtime.format(name="mine", alias="ours"),
        "runtimes/b.yaml": runtime.format(name="other", alias="ours"),
        "runtimes/c.yaml": runtime.format(name="mine", alias="free"),
        "runtimes/d.yaml": runtime.format(name="shell", alias="bash"),
    }
    said = mistakes(write_pack(tmp_path, files=files))
    assert [line.split(": ")[0] for line in said[:3]] == ["runtimes/b.yaml:4", "runtimes/c.yaml:1", "runtimes/d.yaml:1"]
    assert "taken by runtimes/a.yaml" in said[0]
    assert "the runtime shell of the pack core" in said[2]


def test_only_files_right_in_the_folder_are_read(tmp_path: Path) -> None:
    folder = write_pack(tmp_path)
    (folder / "actions/workflows").mkdir()
    (folder / "actions/workflows/x.yaml").write_text("[")
    (folder / "actions/notes.txt").write_text("[")
    assert [item.name for item in load_pack(folder).content["actions"]] == ["deploy"]


def test_a_secret_mark_inside_a_value_is_refused_since_it_would_keep_nothing_secret(tmp_path: Path) -> None:
    more = (
        "parameters:\n  login: {type: object, properties: {password: {type: string, secret: true}}}\n"
        "output:\n  type: object\n  properties:\n    token: {type: string, secret: true}\n"
        "    deep: {type: object, properties: {token: {secret: true}}}\n"
    )
    files = {"actions/leaky.yaml": ACTION.format(name="leaky") + more, "actions/leaky.sh": "true\n"}
    said = mistakes(write_pack(tmp_path, files=files))
    assert len([line for line in said if "would not keep it secret" in line]) == 2


def test_ranges_of_runtimes_are_read_and_mistakes_in_them_told_with_their_lines(tmp_path: Path) -> None:
    more = "runtimes:\n  shell: newest\n  cobol: '>=1'\nruntime_version: '3.x'\n"
    said = mistakes(write_pack(tmp_path / "bad", more=more))
    assert [line.split(": ")[0] for line in said] == ["pack.yaml:4", "pack.yaml:6"]
    assert "'newest' is no part of a range like >=3.9,<3.12" in said[0]
    (unknown,) = mistakes(write_pack(tmp_path / "unknown", more="runtimes: {shell: '>=4', cobol: '>=1'}\n"))
    assert "there is no runtime cobol" in unknown
    loaded = load_pack(write_pack(tmp_path / "good", more="runtimes: {bash: '>= 4.1'}\n"))
    assert [action.runtime_version for action in loaded.content["actions"]] == [">=4.1"]


def test_every_way_to_ask_for_a_python_is_heard() -> None:
    body = {
        "runtimes": {"python": ">=3.9"},
        "runtime_version": "<4",
        "meta": {"python_dependencies": {"min_version": "3.10", "max_version": "3.12"}},
    }
    assert PackManifest("acme", "1.0.0", body).runtime_ranges == {"python": ">=3.9,<4,>=3.10,<=3.12"}


def test_what_is_run_itself_has_to_be_executable(tmp_path: Path) -> None:
    make_runtimes("native")
    files = {"actions/tool.yaml": "name: tool\nruntime: native\nentry_point: tool\n", "actions/tool": "#!/bin/sh\n"}
    folder = write_pack(tmp_path, files=files)
    (said,) = mistakes(folder)
    assert "actions/tool cannot be executed" in said
    assert "chmod +x actions/tool" in said
    (folder / "actions/tool").chmod(0o755)
    assert load_pack(folder).manifest.ref == "acme"
