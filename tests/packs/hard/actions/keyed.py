import base64
import sys
from urllib.parse import quote


def run(fail):
    key, config = get_secret("canary_key"), get_context()["config"]
    for secret in (key, config["password"]):
        data = secret.encode()
        print("raw", secret, file=sys.stderr)
        for before in (b"", b"x", b"xy"):
            print(base64.b64encode(before + data + b"z" * 5).decode())
        print(quote(secret, safe=""), data.hex())
        sys.stdout.write(secret[:7])
        sys.stdout.flush()
        sys.stdout.write(secret[7:] + "\n")
    if fail:
        raise RuntimeError("in an exception: " + key)
    assert get_secret("not_there") is None
    return {"plain": key, "length": len(key), "region": config["region"], "password": config["password"]}
