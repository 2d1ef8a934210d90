"""`python -m docgen`: what `script/docs --generate` calls. Writes the generated parts into their pages."""

import os
import sys


def main() -> int:
    """Says which pages were changed."""
    import django

    # Throw-away keys and no connection: the code is asked what it says of itself, and nothing else.
    os.environ["DJANGO_SETTINGS_MODULE"] = "attune.settings.test"
    django.setup()
    from docgen.parts import outdated  # after Django is set up: the parts import models

    for path, text in outdated():
        path.write_text(text, encoding="utf-8")
        print(f"written: {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
