"""Building the website, for ``build`` and ``serve``: it needs packages, their --help does not."""

from __future__ import annotations

from pathlib import Path

from ..about import SKILL as HANDBOOK
from ..handbook.site.build import Built, SiteError, build_site
from ..handbook.site.page_text import LostBlockError
from ..handbook.site.rule_pages import RuleText
from ..pages.page import PageError
from ..report.record import RecordError
from ..rules import RULES
from ..rules.base import Rule, example_files
from .common import UnusableError


def build(records: Path, output: Path) -> Built:
    """Build the website. Raises UnusableError, in one line, for input that cannot be used."""
    try:
        return build_site(HANDBOOK, records, output, rule_texts())
    except (SiteError, PageError, LostBlockError, RecordError) as error:
        raise UnusableError(str(error)) from None


def rule_texts() -> list[RuleText]:
    """All rules with their pages and examples."""
    return [_text(rule) for rule in RULES.values()]


def _text(rule: Rule) -> RuleText:
    fix = "--fix" if rule.fixable else "--unsafe-fixes" if rule.unsafe_fix else ""
    bad, good = example_files(rule.bad), example_files(rule.good)
    return RuleText(rule.code, rule.name, rule.page, bad, good, rule.preview, fix)
