"""The handbook as a website: its pages, what was proven about each block, rules and examples side by side.

``build.py`` puts everything together. Zensical (the extra ``site``) makes HTML of what this package writes.
"""
