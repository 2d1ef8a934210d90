import pathlib

MARKUP = "<img src=x onerror=\"document.title='bad'\">"


def run(fails=False):
    folder = pathlib.Path(get_context()["artifacts_dir"])
    (folder / "<img src=x onerror=alert(1)>.txt").write_text("x")
    (folder / "long").mkdir()
    (folder / "long" / ("name" * 40 + ".txt")).write_text("x" * 5000)
    print(MARKUP, "</pre></script>")
    if fails:
        raise ValueError(f"{MARKUP} and\na second line")
    return {
        MARKUP: [MARKUP, {"deep": {"deeper": [1, 2.50, True, None, 9007199254740993]}}],
        "text": "two\nlines",
        "long": "x" * 2000,
        "many": list(range(450)),
        "empty": {},
    }
