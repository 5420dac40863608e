"""How TD106 finds what is never awaited: one module for each place where an ``await`` is missing."""
