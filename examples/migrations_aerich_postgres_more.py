# snippet: needs="postgres, aerich"
"""The other parts of migrations_aerich_postgres.py: a block of the harness may take 30 seconds.

By hand: DATABASE_URL=postgres://user:password@host/empty python examples/migrations_aerich_postgres_more.py
"""

import importlib
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
proofs: Any = importlib.import_module("migrations_aerich_postgres")

proofs.prove(
    proofs.invalid_index,
    proofs.two_indexes_at_once,
    proofs.built_by_hand,
    proofs.at_once,
    proofs.with_a_lock,
    proofs.column_goes,
    proofs.several_apps,
    proofs.leaving,
)
