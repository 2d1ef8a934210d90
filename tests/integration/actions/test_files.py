from pathlib import Path

import pytest

from apps.actions.definition import Definition
from apps.packs.loader import PackInvalid, load_pack
from tests.factories import write_pack
from tests.integration.actions.reading import mistakes, read

pytestmark = pytest.mark.usefixtures("runtimes")

HEAD = "name: deploy\nruntime: shell\nentry_point: deploy.sh\n"


def test_text_of_parameters_is_taken_as_written(tmp_path: Path) -> None:
    more = "parameters:\n  mode: {type: string, default: 0755, enum: [0755, 1.10, no]}\n  n: {default: 1}\n"
    definition = read(tmp_path, HEAD + more)
    assert definition.parameters["mode"] == {"type": "string", "default": "0755", "enum": ["0755", "1.10", "no"]}
    assert definition.schema.defaults == {"mode": "0755", "n": 1}


def test_a_long_number_that_is_text_survives(tmp_path: Path) -> None:
    digits = "9" * 5_000
    definition = read(tmp_path, f"{HEAD}parameters: {{serial: {{type: string, default: {digits}}}}}\n")
    assert definition.schema.defaults == {"serial": digits}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("parameters: [a]", "4: parameters: "),
        ("parameters: {a: ~}", "4: parameters.a: "),
        ("parameters: {a: {type: strin}}", "4: parameters.a is no JSON Schema"),
        ("parameters: {a: {pattern: '(('}}", "4: parameters.a is no JSON Schema"),
        ("parameters: {a: {type: integer, default: x}}", "4: the default of a does not fit"),
        ("parameters: {a: {immutable: true}}", "4: a is immutable but has no default"),
        ("parameters: {a: {secret: true, default: s3cret}}", "4: a is secret"),
        ("parameters: {a: {default: .nan}}", "4: parameters.a.default: a number that is not finite"),
        ("parameters: {a: {default: 9223372036854775808}}", "4: parameters.a.default: an integer beyond"),
        ("parameters: {'a b': {}}", "4: 'a b' cannot be the name"),
        ("parameters: {PATH: {}}", "4: PATH cannot be a shell variable"),
        ("parameters: {a: {$ref: 'http://example.org/x'}}", "4: parameters.a is no JSON Schema"),
        ("output: {type: object, properties: [a]}", "4: output is no JSON Schema"),
        ("output: {$ref: 'file:///etc/passwd'}", "4: output is no JSON Schema"),
        ("concurrency: {limit: -1}", "4: concurrency.limit: "),
        ("concurrency: {limit: 1, key: '{{ host }}'}", "4: the key names host, which is no parameter"),
        ("concurrency: {limit: 1, key: '{{'}", "4: the key cannot be used"),
        ("concurrency: {limit: 1, key: constant}", "4: the key names no parameter"),
        (
            "parameters: {t: {secret: true}}\nconcurrency: {limit: 1, key: '{{ t }}'}",
            "5: the key names t, which is secret",
        ),
        ("env: {LD_PRELOAD: x}", "4: env: LD_PRELOAD cannot be set"),
        ('env: {A: "x\\0"}', "4: env.A: a NUL character"),
        ("retry: {max_attempts: 0}", "4: retry.max_attempts: "),
        ("timeout_s: 0", "4: timeout_s: "),
        ("colour: red", "4: colour: colour is not a known name"),
    ],
)
def test_each_mistake_is_told_with_its_line(tmp_path: Path, more: str, said: str) -> None:
    found, *_ = mistakes(tmp_path, f"{HEAD}{more}\n")
    assert found.startswith(said)


def test_the_value_of_a_secret_default_is_not_repeated(tmp_path: Path) -> None:
    found = mistakes(tmp_path, f"{HEAD}parameters: {{a: {{secret: true, type: string, default: s3cret}}}}\n")
    assert "s3cret" not in "\n".join(found)


def test_an_output_may_declare_a_property_without_a_schema(tmp_path: Path) -> None:
    definition = read(tmp_path, f"{HEAD}output: {{properties: {{a: true, b: {{secret: true}}}}}}\n")
    assert definition.secret_outputs == {"b"}


def test_one_name_in_two_files_is_told_at_the_second(tmp_path: Path) -> None:
    files = {"actions/a.yaml": HEAD, "actions/b.yaml": HEAD, "actions/deploy.sh": "true\n"}
    with pytest.raises(PackInvalid) as refused:
        load_pack(write_pack(tmp_path, files=files))
    (error,) = refused.value.errors
    assert str(error).startswith("actions/b.yaml:1: the name deploy is taken")


WARM_PACK = "preload:\n  python: [requests, acme_lib.hosts]\nwarm: {warm}\n"


@pytest.mark.parametrize(
    ("of_pack", "of_action", "warm"),
    [("auto", "", "auto"), ('"off"', "", "off"), ('"off"', "warm: auto\n", "auto"), ("auto", 'warm: "off"\n', "off")],
)
def test_an_action_starts_warm_as_its_file_says_else_its_pack(
    tmp_path: Path, of_pack: str, of_action: str, warm: str
) -> None:
    files = {"actions/deploy.yaml": f"name: deploy\nentry_point: deploy.py\n{of_action}", "actions/deploy.py": "\n"}
    pack = write_pack(tmp_path, files=files, more=WARM_PACK.format(warm=of_pack))
    (definition,) = load_pack(pack).content["actions"]

    assert definition.warm == warm
    assert definition.preload == ("requests", "acme_lib.hosts")
    assert Definition.from_json(definition.as_json()) == definition


def test_modules_are_preloaded_for_their_runtime_only(tmp_path: Path) -> None:
    files = {"actions/deploy.yaml": HEAD, "actions/deploy.sh": "true\n"}
    (definition,) = load_pack(write_pack(tmp_path, files=files, more=WARM_PACK.format(warm="auto"))).content["actions"]

    assert definition.preload == ()


def test_what_is_no_name_of_a_module_is_not_preloaded(tmp_path: Path) -> None:
    with pytest.raises(PackInvalid) as caught:
        load_pack(write_pack(tmp_path, more="preload:\n  python: ['os; print(1)']\n"))
    assert [error.pointer for error in caught.value.errors] == ["/preload/python/0"]
