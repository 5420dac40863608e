"""pytest finds the project's packages only with `pythonpath = ["."]`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp())
(FOLDER / "apps").mkdir()
(FOLDER / "apps" / "__init__.py").touch()
(FOLDER / "tests").mkdir()
(FOLDER / "tests" / "test_it.py").write_text("import apps\n\ndef test_it():\n    assert apps\n")


# Without the current folder, which `python -m pytest` puts on the path by itself.
RUN = """
import pytest, sys

sys.path.pop(0)
pytest.main(["-q", "-p", "no:cacheprovider"])
"""


def pytest(configuration: str) -> str:
    """What `pytest` prints."""
    (FOLDER / "pyproject.toml").write_text(configuration)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # hypothesis alone takes half a second to load
    command = [sys.executable, "-c", RUN]
    return subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True).stdout


assert "No module named 'apps'" in pytest("[tool.pytest.ini_options]\n")
assert "1 passed" in pytest('[tool.pytest.ini_options]\npythonpath = ["."]\n')
