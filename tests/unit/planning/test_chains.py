"""Chains: which blocks share a child."""

from __future__ import annotations

from pathlib import Path

from tortoise_dev.pages.reading import parse_page
from tortoise_dev.snippet_settings import SnippetSettings
from tortoise_dev.snippets.planning.chains import link_blocks
from tortoise_dev.snippets.planning.planned import Chain, PagePlan, PlannedBlock
from tortoise_dev.snippets.protocol import Failure, Observation, Outcome
from tortoise_dev.snippets.verdicts.chain import unreached


def linked(*infos: str, is_story: bool = False) -> tuple[list[PlannedBlock], list[Chain], list[Chain]]:
    text = "".join(f"```{info}\nx\n```\n\n" for info in infos)
    page = parse_page(text, Path("a.md"), "a.md")
    blocks = [PlannedBlock(block, problems=[*block.problems]) for block in page.blocks]
    return (blocks, *link_blocks(blocks, lambda planned: planned.fate != "settled", is_story=is_story))


def numbers(blocks: list[PlannedBlock], chains: list[Chain]) -> list[list[int]]:
    return [[blocks.index(planned) for planned in chain.blocks] for chain in chains]


def test_each_block_is_alone_unless_it_continues() -> None:
    blocks, chains, _ = linked("python name=a", "python", "python continues", "bash continues=a")
    assert numbers(blocks, chains) == [[0, 3], [1, 2]]


def test_in_a_story_all_of_them_continue() -> None:
    blocks, chains, _ = linked("python name=a", "pycon", "bash", "python continues=a", is_story=True)
    assert numbers(blocks, chains) == [[0, 1, 2, 3]]
    assert chains[0].is_story


def test_preludes_come_before_a_story_and_are_part_of_one_that_has_begun() -> None:
    blocks, chains, _ = linked("python prelude", "python", "python prelude", "python", is_story=True)
    assert numbers(blocks, chains) == [[0], [1, 2, 3]]
    assert chains[1].preludes == (blocks[0],)


def test_a_story_ends_at_a_block_that_cannot_be_run() -> None:
    blocks, chains, _ = linked("python", "python slip", "python", is_story=True)
    assert numbers(blocks, chains) == [[0]]
    assert blocks[2].verdict is not None and "line 5 was not run" in blocks[2].verdict.reason


def test_a_shown_block_does_not_interrupt_a_story() -> None:
    blocks, chains, audits = linked("python", "python norun='no'", "python", is_story=True)
    assert numbers(blocks, chains) == [[0, 2]]
    assert numbers(blocks, audits) == [[0, 1]]


def seen(*failed: bool) -> Observation:
    failure = Failure("E", "m.E", "x")
    outcomes = {n: Outcome(n, failure if bad else None, last=bad) for n, bad in enumerate(failed)}
    return Observation(outcomes, ended=True, exit=0)


def test_what_follows_a_failure_in_a_story_is_skipped() -> None:
    blocks, (chain,), _ = linked("python", "python", "python", is_story=True)
    plan = PagePlan(parse_page("", Path("a.md"), "a.md"), SnippetSettings(Path()))
    index = {planned: number for number, planned in enumerate(blocks)}
    verdict = unreached(plan, chain, blocks[2], index, seen(False, True))
    assert verdict is not None and verdict.status == "skipped" and "line 5 failed" in verdict.reason
    assert unreached(plan, chain, blocks[1], index, seen(False, True)) is None
    elsewhere = unreached(plan, Chain((), blocks), blocks[2], index, seen(False, True))
    assert elsewhere is not None and elsewhere.status == "unverified" and "a.md:5" in elsewhere.reason
    cut_off = Observation({0: Outcome(0)}, crash="harness")
    assert unreached(plan, chain, blocks[2], index, cut_off) is None
