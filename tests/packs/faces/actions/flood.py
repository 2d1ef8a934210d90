import sys


def run(lines=100000):
    for start in range(0, lines, 1000):
        count = min(1000, lines - start)
        sys.stdout.write("".join(f"{start + n:06d} the quick brown fox jumps over the lazy dog\n" for n in range(count)))
    return {"lines": lines}
