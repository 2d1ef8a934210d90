import os


def run():
    with open(os.path.join(get_context()["artifacts_dir"], "report.txt"), "w") as file:
        file.write("a report")
    return {"text": "x" * 2_000_000}
