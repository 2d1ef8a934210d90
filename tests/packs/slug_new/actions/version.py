import slugify


def run():
    return {"version": slugify.__version__, "file": slugify.__file__}
