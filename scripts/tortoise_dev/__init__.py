"""tortoise-dev: a rule checker for Tortoise ORM, and a harness that runs the blocks of Markdown pages.

An old Python reads this file before it is told which one is needed, so there is no new syntax here.
"""


def __getattr__(name):  # type: ignore[no-untyped-def]
    """``__version__`` and ``REPOSITORY``, read when asked for: the pytest plugin is part of each pytest."""
    if name not in ("REPOSITORY", "__version__"):
        raise AttributeError("module %r has no attribute %r" % (__name__, name))  # noqa: UP031
    from . import about

    return getattr(about, name)
