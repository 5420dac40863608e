"""Commands that install or download something: a page shows them, and no run may do it."""

from __future__ import annotations

import re

from .shell_text import Line, commands, logical_lines, plain

_INSTALL = re.compile(
    r"""(
    ((python[\d.]*|py)\ (-\S+\ )*?-m\ )?pip[\d.]*\ (-\S+\ )*(install|download)
    | uv\ (-\S+\ )*(add|sync|pip\ (install|sync)|tool\ (install|run|upgrade)|python\ install|self\ update)
    | uvx | pipx\ (install|run|inject|upgrade)
    | (poetry|pdm|rye)\ (add|install|update|sync) | (conda|mamba|micromamba)\ (install|create|update|env\ \w+)
    | (npm|pnpm|yarn|bun)\ (install|i|ci|add|create|dlx|global\ add) | npx | bunx | yarn$
    | brew\ (install|tap|upgrade) | (apt|apt-get|dnf|yum|zypper)\ (-\S+\ )*(install|update|upgrade)
    | apk\ add | pacman\ -S\w* | (choco|scoop|winget|gem|snap)\ install
    | cargo\ (install|add) | go\ (install|get) | rustup\ (install|update|target)
    | (docker|podman)\ (pull|run|build|buildx|push|image\ pull)
    | (docker\ compose|docker-compose)\ (-\S+\ )*(up|pull|build|run)
    )(?=\ |$)
    | git\ (-\S+\ )*clone\ .*?(://|\w@[\w.-]+:)(?!localhost|127\.)
    | (curl|wget)\ .*?(https?|ftp)://(?!localhost|127\.|0\.0\.0\.0|\[::1?\]|\$)""",
    re.VERBOSE,
)
_AROUND = re.compile(
    r"(cd|pushd|popd|mkdir|source|\.|export|set|python[\d.]* -m venv|uv (venv|init)|npm init|deactivate|"
    r"(\.?\w+/)+activate|py -m venv|virtualenv)( |$)"
)
"""What stands around an install and does nothing by itself."""


def installs(source: str, needs: str = "") -> tuple[list[Line], bool]:
    """The lines of a script that install or download something, and whether it does nothing else.

    What a block needs by name (``needs="docker"``) is there, and is no matter of installing.
    """
    found: list[Line] = []
    only = True
    for line in logical_lines(source):
        parts = [plain(words) for words in commands(line.text)]
        here = [part for part in parts if _is_install(part, needs)]
        if here:
            found.append(line)
        piped = bool(here) and "|" in line.bare.replace("||", "")  # curl … | sh
        only = only and bool(parts) and (piped or all(p in here or _AROUND.match(p) for p in parts))
    return found, only and bool(found)


def _is_install(command: str, needs: str) -> bool:
    """Does this simple command fetch something from a network?"""
    name = command.partition(" ")[0]
    provided = name not in ("uv", "uvx", "pip") and re.search(rf"\b{re.escape(name)}\b", needs) is not None
    return not provided and _INSTALL.match(command) is not None
