import slugify


def run(title):
    return {"slug": slugify.slugify(title), "library": slugify.__version__}
