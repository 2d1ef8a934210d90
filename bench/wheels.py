"""Three pure-Python packages of some modules each, in a folder that takes the place of an index."""

import base64
import hashlib
import zipfile
from pathlib import Path

#: About as much as `requests` and what it needs.
_MODULES = 40
_MODULE = "\n".join(f"def function_{number}(x):\n    return x + {number}\n" for number in range(40))
REQUIREMENTS = "bench_one==1.0\nbench_two==1.0\nbench_three==1.0\n"


def write_wheels(folder: Path) -> dict[str, str]:
    """The variables by which they are found, and nothing else is asked for."""
    folder.mkdir(parents=True)
    for line in REQUIREMENTS.splitlines():
        _write_wheel(folder, line.partition("=")[0])
    return {"PIP_NO_INDEX": "true", "PIP_FIND_LINKS": str(folder)}


def _write_wheel(folder: Path, name: str) -> None:
    info = f"{name}-1.0.dist-info"
    files = {f"{name}/part_{number}.py": _MODULE for number in range(_MODULES)}
    files |= {
        f"{name}/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items())
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
