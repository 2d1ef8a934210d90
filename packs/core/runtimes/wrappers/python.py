"""Starts a Python action: `run()` (or FUNCTION) gets the parameters by name; a file without `run()` is a plain script.

Usage: python.py ENTRY_POINT [FUNCTION]. Standard library only, Python 3.6+; what few runs need is imported late."""
import builtins, functools, json, os, sys
from _ast import AsyncFunctionDef, FunctionDef, If, PyCF_ONLY_AST  # `ast` itself would add 4 ms to every start

def main(path, function=""):
    sys.excepthook, sys.argv, sys.dont_write_bytecode = report, [path], True
    search_pack([os.path.dirname(path), os.path.join(os.environ.get("ATTUNE_PACK_DIR", path), "lib")])
    sys.stdout = open(1, "w", 1, sys.stdout.encoding, sys.stdout.errors, closefd=False)  # written line by line
    document = functools.lru_cache()(lambda data=take_input(): parse(data))  # late: a script may ask for YAML
    builtins.get_secret = lambda name: document().get("secrets", {}).get(name)
    builtins.get_context = lambda: document().get("context", {})
    source = open(path, "rb").read()
    tree = compile(source, path, "exec", PyCF_ONLY_AST, True)
    as_script = not function and is_script(source.splitlines(), tree.body)
    module = type(sys)("__main__" if as_script else module_name(path))
    module.__file__, sys.modules["__main__"], sys.modules[module.__name__] = path, module, module
    exec(compile(tree, path, "exec", 0, True), module.__dict__)
    if not as_script: give_result(getattr(module, function or "run")(**document().get("parameters", {})))

def take_input():  # all of it; descriptor 0 offers it again, from memory because it may hold secrets
    data = open(os.dup(0), "rb").read()
    memory = os.memfd_create("input") if hasattr(os, "memfd_create") else os.open("/dev/shm", os.O_RDWR | os.O_TMPFILE)
    os.pwrite(memory, data, 0)
    os.dup2(memory, 0)
    return data

def parse(data):
    try:
        return json.loads(data.decode() or "{}")
    except ValueError:
        raise TypeError("run(), get_secret() and get_context() need the input as JSON (parameter_format: json)") from None

def search_pack(folders):  # instead of the wrapper's folder; before other packages, but behind the standard library
    at = next((at for at, folder in enumerate(sys.path) if folder.endswith("-packages")), len(sys.path))
    sys.path[:] = sys.path[1:at] + folders + sys.path[at:]

def module_name(path):  # an action called json.py does not become everybody's json
    name = os.path.splitext(os.path.basename(path))[0]
    standard = os.path.join(os.path.dirname(os.__file__), name)
    return "action_" + name if os.path.exists(standard) or os.path.exists(standard + ".py") else name

def is_script(lines, body):  # no top-level `run()`, or an `if __name__ == "__main__"` guard
    guarded = any(isinstance(node, If) and b"__main__" in lines[node.lineno - 1] for node in body)
    return guarded or "run" not in [node.name for node in body if isinstance(node, (FunctionDef, AsyncFunctionDef))]

def give_result(result):
    if hasattr(result, "__await__"):
        import asyncio
        result = asyncio.run(result) if hasattr(asyncio, "run") else asyncio.get_event_loop().run_until_complete(result)
    try:
        data = json.dumps(result, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise TypeError("the returned value is not JSON: %s" % error) from None
    with open(int(os.environ.get("ATTUNE_RESULT_FD", 1)), "wb", closefd=False) as file:
        file.write(data)

def report(kind, error, trace):
    import traceback
    while trace and trace.tb_frame.f_code.co_filename == __file__:  # the author's own frames only
        trace = trace.tb_next
    text = "".join(traceback.format_exception(kind, error, trace))
    sys.stderr.write(text)
    if "ATTUNE_ERROR_FD" in os.environ:
        facts = json.dumps({"type": kind.__name__, "message": str(error), "traceback": text}, ensure_ascii=False)
        os.write(int(os.environ["ATTUNE_ERROR_FD"]), facts.encode("utf-8", "replace"))

if __name__ == "__main__": main(*sys.argv[1:])
