"""python -m bench"""

import os
import sys

# Python puts the current folder before all others, where a folder or a file of the user's may be called as a package of
# ours, or as a library: retrievers/, datasets/, numpy.py. Plug-ins that lie there are found where they are asked for.
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - nothing is imported before
if not sys.flags.safe_path and sys.path and os.path.abspath(sys.path[0]) != _ROOT:  # noqa: PTH100
    del sys.path[0]

from bench.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
