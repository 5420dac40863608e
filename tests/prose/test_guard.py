"""Prose of the pages names what exists and counts what is counted; what a block denies is possible."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from prose import (
    allowed,
    asserts,
    calls,
    checks,
    data,
    grammar,
    guard,
    links,
    methods,
    operations,
    phrases,
    pins,
    rendered,
    rules,
    sizes,
    spelling,
    tables,
    ties,
    wrong_code,
)
from prose.allowed import Allowed, Entry
from prose.code import Tree
from prose.names import Names
from prose.numbers import Numbers
from prose.reading import Prose
from prose.statements import statements_of

ROOT = Path(__file__).resolve().parents[2]
TREE = Tree(ROOT)
ALLOWED = allowed.read()
PAGES = {path.relative_to(ROOT).as_posix(): guard.read_prose(path, ROOT) for path in guard.pages_of(ROOT)}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_prose_names_what_exists(page: str) -> None:
    found = [str(problem) for problem in Names(PAGES[page], TREE, ALLOWED).problems()]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("page", PAGES)
def test_numbers_in_sentences_are_said_by_code_or_by_a_fact(page: str) -> None:
    found = [str(number) for number in Numbers(PAGES[page], TREE, ALLOWED).problems()]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("page", PAGES)
def test_codes_of_rules_are_those_that_are_meant(page: str) -> None:
    assert not list(rules.problems(PAGES[page]))


@pytest.mark.parametrize("page", PAGES)
def test_data_that_nothing_runs_is_complete_and_spelt_right(page: str) -> None:
    assert not list(data.problems(PAGES[page], TREE))


@pytest.mark.parametrize("page", PAGES)
def test_words_of_blocks_are_spelt_right(page: str) -> None:
    assert not list(spelling.problems(PAGES[page], TREE, ALLOWED))


@pytest.mark.parametrize("page", PAGES)
def test_calls_do_what_they_seem_to_do(page: str) -> None:
    assert not list(calls.problems(PAGES[page]))


@pytest.mark.parametrize("page", PAGES)
def test_the_checker_finds_what_is_shown_as_wrong_and_no_more(page: str) -> None:
    assert not list(wrong_code.problems(PAGES[page], TREE))


@pytest.mark.parametrize("page", PAGES)
def test_methods_in_sentences_are_shown_by_the_section(page: str) -> None:
    assert not list(methods.problems(PAGES[page], TREE, ALLOWED))


@pytest.mark.parametrize("page", PAGES)
def test_keywords_stand_together_in_code_too(page: str) -> None:
    assert not list(phrases.problems(PAGES[page], TREE))


@pytest.mark.parametrize("page", PAGES)
def test_rows_of_tables_begin_differently(page: str) -> None:
    assert not list(tables.problems(PAGES[page]))


@pytest.mark.parametrize("page", PAGES)
def test_what_helm_prints_is_what_the_chart_gives(page: str) -> None:
    assert not list(rendered.problems(PAGES[page], TREE))


@pytest.mark.parametrize("page", PAGES)
def test_sizes_of_fields_stand_twice(page: str) -> None:
    assert not list(sizes.problems(PAGES[page], TREE))


@pytest.mark.parametrize("page", PAGES)
def test_migrations_take_locks_briefly_and_batches_commit(page: str) -> None:
    assert not list(operations.problems(PAGES[page], TREE))


@pytest.mark.parametrize("page", PAGES)
def test_what_sentences_name_is_beside_them(page: str) -> None:
    assert not list(ties.problems(PAGES[page], TREE, ALLOWED))


@pytest.mark.parametrize("page", PAGES)
def test_sentences_are_plain_english(page: str) -> None:
    assert not list(grammar.problems(PAGES[page]))


@pytest.mark.parametrize("page", PAGES)
def test_strong_claims_are_pinned(page: str) -> None:
    assert not list(pins.strong(PAGES[page]))


def test_each_claim_without_a_pin_needs_its_reason() -> None:
    said = {page: {one.text for one in statements_of(prose)} for page, prose in PAGES.items()}
    pinned = {(page, pin.says) for page in PAGES for pin in pins.pins_of(page)}
    listed = pins.reasons()
    gone = [key for key in listed if key in pinned or key[1] not in said.get(key[0], ())]
    assert not gone, f"take out of unpinned.toml: {gone}"
    assert all(len(reason) >= 15 for reason in listed.values()), "a reason takes a sentence"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_where_they_say(page: str) -> None:
    assert not list(links.problems(PAGES[page], TREE, ALLOWED))


@pytest.mark.parametrize("page", PAGES)
def test_pinned_sentences_stand_with_their_proofs(page: str) -> None:
    """After a rewording: `uv run tests/pin.py`, and read what it prints."""
    found = list(pins.problems(PAGES[page], TREE))
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("page", PAGES)
def test_no_section_has_lost_a_check(page: str) -> None:
    """What was taken out on purpose is recorded by `uv run tests/pin.py`."""
    assert not list(checks.problems(PAGES[page]))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_block_denies_is_shown_to_be_possible(page: str) -> None:
    found = [
        str(problem)
        for problem in asserts.problems(PAGES[page])
        if not ALLOWED.allows_denial(problem.literal, page)
    ]
    assert not found, "\n".join(["", *found])


@pytest.mark.slow
def test_exceptions_are_needed() -> None:
    """Each still occurs, does not resolve by itself, and has a reason."""
    names = {page: Names(prose, TREE) for page, prose in PAGES.items()}
    unneeded = [
        entry.text
        for entry in ALLOWED.names
        if not any(
            entry.page in ("", page) and uses(one.page, entry.text) and not resolves(one, entry.text)
            for page, one in names.items()
        )
    ]
    unneeded += [
        word
        for word in ALLOWED.proper
        if not any(
            word in piece.text and not one.is_known_in_prose(word)
            for one in names.values()
            for _, piece in one.page.pieces
        )
    ]
    unneeded += [
        word
        for page, words in ALLOWED.foreign.items()
        for word in words
        if page not in names or not uses(PAGES[page], word) or names[page].is_name(word)
    ]
    unneeded += [
        text
        for page, listed in ALLOWED.leads.items()
        for text, target in listed.items()
        if not any(
            f"[{text}] says nothing of {target}" in found
            for name in ([page] if page in PAGES else PAGES if page == "*" else [])
            for found in without_exceptions(links.problems, name)
        )
    ]
    unneeded += [
        name
        for page, listed in ALLOWED.elsewhere.items()
        for name in listed
        if page not in PAGES
        or not any(
            re.search(rf": (?:{name}=? is|no block or linked example has {name}=)", found)
            for module in (methods, ties)
            for found in without_exceptions(module.problems, page)
        )
    ]
    unneeded += [entry.text for entry in ALLOWED.numbers if not number_is_needed(entry)]
    unknown = [found for prose in PAGES.values() for found in spelling.problems(prose, TREE, Allowed())]
    unneeded += [word for word in ALLOWED.spelt if not any(repr(word) in found for found in unknown)]
    denied = {(page, problem.literal) for page, prose in PAGES.items() for problem in asserts.problems(prose)}
    denied |= {("", literal) for _, literal in denied}
    unneeded += [entry.text for entry in ALLOWED.denied if (entry.page, entry.text) not in denied]
    assert not unneeded, f"take out of allowed.toml what resolves, or what no page says any more: {unneeded}"
    entries = (*ALLOWED.names, *ALLOWED.numbers, *ALLOWED.denied)
    assert all(len(entry.reason) >= 15 for entry in entries), "a reason takes a sentence"


def uses(page: Prose, name: str) -> bool:
    return any(name in piece.full_text for _, piece in page.pieces)


def resolves(names: Names, name: str) -> bool:
    return names.problem_of(name) is None


@cache
def without_exceptions(problems: Callable[[Prose, Tree], Iterator[str]], page: str) -> tuple[str, ...]:
    """What a check finds on a page if nothing is allowed."""
    return tuple(problems(PAGES[page], TREE))


def numbers_of(page: Prose, tree: Tree) -> Iterator[str]:
    return Numbers(page, tree).problems()


def number_is_needed(entry: Entry) -> bool:
    one = Allowed(numbers=(entry,))
    return any(
        without_exceptions(numbers_of, name) != tuple(Numbers(page, TREE, one).problems())
        for name, page in PAGES.items()
        if entry.page in ("", name)
    )
