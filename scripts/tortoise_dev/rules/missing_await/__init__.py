"""How TD106 finds what is never awaited: one module for each way to lose an ``await``."""
