import sys
import time


def run(token, seconds, fail):
    print("on stdout:", token)
    print("on stderr:", token, file=sys.stderr)
    sys.stdout.write(token[: len(token) // 2])
    sys.stdout.flush()
    time.sleep(seconds)
    sys.stdout.write(token[len(token) // 2 :] + "\n")
    if fail:
        raise RuntimeError("in an exception: " + token)
    return {"plain": token, "inside": "x" + token + "y", token: "as a key"}
