"""`attune action run-local`: one attempt of an action, as a worker would run it."""

import os
import shutil
import tempfile
import uuid
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings

from apps.actions.definition import Definition
from apps.actions.parameters import prepare
from apps.core import refs
from apps.core.errors import FieldError, Invalid, NotFound
from apps.core.schema import ObjectSchema
from apps.core.types import JsonObject
from apps.executions.document import Handed
from apps.executions.ending import Judge, ResultNotKept
from apps.executions.files import ARTIFACTS
from apps.executions.preparing import readable, spec_on, why_not_prepared
from apps.executions.services.finish import Ending
from apps.executions.spec import Place
from apps.executions.transitions import Claimed
from apps.local.bench import Bench, bench
from apps.local.conversation import Teller
from apps.local.opening import OpenPack, opened
from apps.packs.manifest import PackManifest
from apps.runner import process
from apps.runner.jsonvalue import BadValueError, check_value, escape
from apps.runner.redact import Masker
from apps.runner.spec import LogLimits, RunSpec

#: No execution has this number.
_ID = 0


class UnknownActionHere(NotFound):
    """The pack has no such action."""

    code = "unknown_action"


def describe(wish: JsonObject, teller: Teller) -> JsonObject:
    """`{folder, action}` → what the action and its pack want to be told."""
    with opened(Path(wish["folder"])) as pack:
        definition = _definition(pack, wish["action"])
        return {
            "ref": _ref(pack, definition),
            "parameters": dict(definition.parameters),
            "config": pack.loaded.config_schema,
        }


def run_action(wish: JsonObject, teller: Teller) -> JsonObject:
    """`{folder, action, parameters, secrets, config}` → how it ended, as an execution says it.

    Raises `Invalid` for what does not fit, and `PackInvalid`.
    """
    _refuse_unkeepable(wish)
    with opened(Path(wish["folder"])) as pack, ExitStack() as held:
        definition = _definition(pack, wish["action"])
        claimed, handed = _claimed(pack, definition, wish), _handed(pack, definition, wish)
        for text in handed.lacking:
            teller.say(text)
        if definition.api:
            teller.say("it asks for a token of Attune's API and gets none: there is no server")
        kept = _run_folder(held)
        place_of_work = held.enter_context(bench(pack, teller))
        ending = _run(claimed, definition, handed, place_of_work, kept=kept)
        return _told(_ref(pack, definition), ending, artifacts=_kept_artifacts(kept))


def _refuse_unkeepable(wish: JsonObject) -> None:
    """What a server would not take, since its database cannot keep it."""
    given = {name: wish[name] for name in ("parameters", "config", "secrets")}
    try:
        check_value(given)
    except BadValueError as error:
        detail = f"{error.reason} cannot be kept"
        raise Invalid(f"{error.pointer}: {detail}.", errors=[FieldError(error.pointer, "invalid", detail)]) from error


def _run(claimed: Claimed, definition: Definition, handed: Handed, at: Bench, *, kept: Path) -> Ending:
    try:
        with ExitStack() as held:
            spec = _spec(claimed, definition, handed, at, kept=kept, held=held)
            result = process.run(
                spec, warden=at.warden, log_dir=at.work_root / "log", control=at.teller.control, on_output=at.teller.log
            )
    except Exception as error:
        if ending := why_not_prepared(error):
            return ending
        raise
    judge = Judge(
        definition=definition,
        timeout_s=claimed.timeout_s,
        masker=Masker(spec.secrets),
        keep_large=lambda data: _keep_large(kept, data),
        lacking=handed.lacking,
    )
    return judge.ending_of(result)


def _spec(
    claimed: Claimed, definition: Definition, handed: Handed, at: Bench, *, kept: Path, held: ExitStack
) -> RunSpec:
    runtime = at.runtime(definition.runtime)
    entry_point = readable(at.pack.folder / "actions" / definition.entry_point)
    place = Place(
        work_root=at.work_root,
        artifacts_dir=kept / ARTIFACTS,
        pack_dir=at.pack.folder,
        api_url=settings.ATTUNE_BASE_URL,
        api_token="",
        traceparent="",
        environ=os.environ,
        pass_env=settings.ATTUNE_PASS_ENV,
        log=LogLimits(),
    )
    env_dir = at.environment(runtime, held)
    return spec_on(runtime, claimed, definition, handed, entry_point=entry_point, env_dir=env_dir, place=place)


def _definition(pack: OpenPack, name: str) -> Definition:
    """By its name, or its ref; without one the only action there is."""
    definitions: list[Definition] = pack.loaded.content.get("actions", [])
    known = {item.name: item for item in definitions}
    found = known.get(name) or next((item for item in definitions if _ref(pack, item) == name), None)
    if found is None and not name and len(definitions) == 1:
        return definitions[0]
    if found is None:
        what = f"The pack {pack.loaded.manifest.ref} has no action {name}" if name else "Which action"
        raise UnknownActionHere(f"{what}; there are: {', '.join(sorted(known)) or 'none'}.", action=name)
    return found


def _ref(pack: OpenPack, definition: Definition) -> str:
    return refs.join(pack.loaded.manifest.ref, definition.name)


def _claimed(pack: OpenPack, definition: Definition, wish: JsonObject) -> Claimed:
    manifest: PackManifest = pack.loaded.manifest
    return Claimed(
        id=_ID,
        attempt=1,
        token=0,
        action_ref=_ref(pack, definition),
        pack_ref=manifest.ref,
        pack_version=manifest.version,
        pack_digest=pack.digest,
        definition_id=0,
        parameters=prepare(definition.schema, wish["parameters"]).public,
        secret_parameters_id=None,
        sealed=None,
        timeout_s=definition.timeout_s or settings.ATTUNE_TASK_TIMEOUT_S,
        max_attempts=1,
        retry=None,
        retries=0,
        losses=0,
        trace_id=uuid.uuid4(),
        traceparent="",
        gate_id=None,
    )


def _handed(pack: OpenPack, definition: Definition, wish: JsonObject) -> Handed:
    """As it is looked up for an execution: the keys an action names and nothing else."""
    secret = prepare(definition.schema, wish["parameters"]).secret
    if unasked := [name for name in wish["demanded"] if name not in definition.secrets]:
        names = ", ".join(definition.secrets) or "none"
        errors = [FieldError(f"/secrets/{escape(name)}", "unknown", f"{name} is none of them") for name in unasked]
        raise Invalid(f"The action gets only the secrets it lists: {names}.", errors=errors)
    keys = {name: wish["secrets"][name] for name in definition.secrets if name in wish["secrets"]}
    config, config_secrets = _config(pack, wish["config"])
    lacking = tuple(
        f"it was given no secret {name}, which it lists: --secret {name}=…"
        for name in definition.secrets
        if name not in keys
    )
    return Handed(secret, keys, config, (*secret.values(), *keys.values(), *config_secrets.values()), lacking)


def _config(pack: OpenPack, given: JsonObject) -> tuple[JsonObject, JsonObject]:
    """What the pack is told, over its defaults, and the secret part of it."""
    schema = ObjectSchema(pack.loaded.config_schema)
    values = {**schema.defaults, **given}
    # What is required and was not given is missing on a server too, until an operator sets it.
    errors = [error for error in schema.errors(values, pointer="/config") if error.code != "required"]
    if errors:
        raise Invalid("The configuration does not fit the pack's config.schema.yaml.", errors=errors)
    return values, {name: value for name, value in values.items() if name in schema.secrets}


def _run_folder(held: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=settings.ATTUNE_ARTIFACTS_DIR))
    held.callback(lambda: None if _has_artifacts(folder) else shutil.rmtree(folder, ignore_errors=True))
    return folder


def _has_artifacts(kept: Path) -> bool:
    folder = kept / ARTIFACTS
    return folder.is_dir() and any(folder.iterdir())


def _kept_artifacts(kept: Path) -> str | None:
    return str(kept / ARTIFACTS) if _has_artifacts(kept) else None


def _keep_large(kept: Path, data: bytes) -> str:
    """Raises `ResultNotKept`: the action may have done anything to its folder."""
    try:
        (kept / ARTIFACTS / "result.json").write_bytes(data)
    except OSError as error:
        text = f"its result of {len(data)} bytes, too large for the database, could not be written: {error.strerror}"
        raise ResultNotKept(text) from error
    return "result.json"


def _told(ref: str, ending: Ending, *, artifacts: str | None) -> JsonObject:
    facts = ending.facts or {}
    return {
        "action": ref,
        "status": ending.status.value,
        "result": ending.result,
        "error": ending.error,
        "exit_code": ending.exit_code,
        "signal": ending.signal,
        "reason": ending.reason,
        "duration_s": facts.get("duration_s"),
        "artifacts": artifacts,
    }
