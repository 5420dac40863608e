"""A models.py becomes a package: read, planned, proved and written. Nothing here prints.

``statements`` and ``uses`` read the module, ``checks`` finds what cannot be split, ``placement`` says which
file each statement belongs to. ``members`` and ``bases`` divide a model into its base and its table.
``imports``, ``package`` and ``entrance`` write the files' texts, and ``plan`` calls all of these. ``proof``
compares the models before and after, ``writing`` puts the files in place.
"""
