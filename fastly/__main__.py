"""``python -m fastly``: the command line ``fastly-billing``."""

import sys

if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        # Python has put the working folder here; a csv.py in it must not become part of this.
        del sys.path[0]

    from fastly.cli.main import main

    sys.exit(main())
