"""The commands. Whichever is started, this file is imported first: it says which Python they need.

It must be readable by every Python that somebody might start a command with, so no syntax of Python 3 here.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the package can be started from a copied folder, by any Python
    sys.stderr.write("tortoise-dev needs Python 3.11 or newer, this is %s\n" % sys.version.split()[0])  # noqa: UP031
    sys.exit(2)
