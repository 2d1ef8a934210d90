"""What the import contracts cannot see: foreign keys point downwards, tasks are short, every table has a page."""

import ast
from pathlib import Path

from celery import current_app
from django.apps import apps
from django.contrib import admin
from django.db.models import Model

ROOT = Path(__file__).resolve().parents[2]
#: Lower rooms first, as the layers of pyproject.toml.
ORDER = [
    "core",
    "accounts",
    "audit",
    "operations",
    "keys",
    "runtimes",
    "packs",
    "actions",
    "workers",
    "executions",
    "triggers",
    "rules",
]
OUTSIDE = {"contenttypes", "auth", "sessions"}


def level(label: str) -> int:
    return -1 if label in OUTSIDE else ORDER.index(label)


def own_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if model._meta.app_config.name.startswith("apps.")]


def test_foreign_keys_point_downwards() -> None:
    upwards = []
    for model in own_models():
        for field in model._meta.get_fields():
            if field.is_relation and not field.auto_created and field.related_model is not None:
                here, there = model._meta.app_label, field.related_model._meta.app_label
                if level(there) > level(here):
                    upwards.append(f"{model.__name__}.{field.name}")
    assert upwards == []


def test_every_table_has_a_page_in_the_admin() -> None:
    from apps.console import admin as _  # noqa: F401 - registers

    missing = [model.__name__ for model in own_models() if not admin.site.is_registered(model)]
    assert missing == []


def test_no_page_shows_a_ciphertext_or_a_hash_of_a_token() -> None:
    from apps.console import admin as _  # noqa: F401 - registers

    assert admin.site._registry
    for model, page in admin.site._registry.items():
        if not model._meta.app_label.startswith(("django", "auth")):
            shown = {field.name for field in model._meta.fields} - set(page.exclude or ())
            assert not shown & {"sealed", "secret_sha256", "body_sha256"}, model


def test_tasks_are_a_few_lines_that_call() -> None:
    long = []
    for path in [*(ROOT / "apps").rglob("tasks.py"), *(ROOT / "apps").rglob("builds.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any(
                "shared_task" in ast.dump(item) for item in node.decorator_list
            ):
                lines = (node.end_lineno or 0) - node.lineno
                if lines > 16:
                    long.append(f"{path.name}:{node.name}")
    assert long == []


def test_tasks_are_named_after_their_rooms() -> None:
    current_app.loader.import_default_modules()
    own = {name for name in current_app.tasks if not name.startswith("celery.")}
    assert own == {
        "executions.run",
        "executions.announce",
        "operations.run",
        "workers.build",
        "workers.clean_up_environments",
        "workers.remove_environment",
        "workers.rollback",
        "workers.validate_environment",
        "rules.process",
    }
