"""``handbook.py find``: the sections that answer a question, in a Python without any package."""

from __future__ import annotations

import collections
import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from tortoise_dev.commands.find import CLOSE, READ_AT_ONCE, _alike, _read_at_once
from tortoise_dev.handbook.find import Found, Search
from tortoise_dev.handbook.pasted import message_in, raised
from tortoise_dev.handbook.sections import MESSAGES, Section, handbook_sections, phrases, sections_of

ROOT = Path(__file__).resolve().parents[1]
HANDBOOK = list(handbook_sections(ROOT))


def find(words: str, sections: Sequence[Section], limit: int) -> list[Found]:
    """The ``limit`` sections that answer the words best, best first."""
    return Search(words, sections).best(limit)


QUESTIONS: dict[str, str] = tomllib.loads(
    (ROOT / "tests" / "find_questions.toml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_within_three_sections(question: str) -> None:
    found = [one.section for one in find(question, HANDBOOK, 3)]
    texts = [f"{section.page} {section.heading}\n{section.text}".lower() for section in found]
    assert any(QUESTIONS[question].lower() in text for text in texts), [section.place for section in found]


def test_what_people_type_belongs_to_a_section_that_is_there() -> None:
    assert not phrases().keys() - {section.name for section in HANDBOOK}


def test_each_section_has_what_people_type() -> None:
    sections = [one for one in HANDBOOK if one.path.startswith("references/") and one.heading != one.page]
    missing = {one.name for one in sections if not one.path.endswith("/rules.md")} - phrases().keys()
    assert not [name for name in missing if name.startswith("references/")]


def test_what_people_type_is_written_once() -> None:
    typed = collections.Counter(text.lower() for asked in phrases().values() for text in asked)
    assert not [text for text, count in typed.items() if count > 1]


def test_the_phrase_that_resembles_the_question_most_lifts_its_section() -> None:
    best = Section("a.md", 1, "A", "Pages", "text", asked=("infinite scroll", "next page token"))
    other = Section("b.md", 1, "B", "Scroll", "infinite text", asked=("scroll a table",))
    assert find("infinite scroll", [other, best], 1)[0].section is best
    assert find("token", [other, best], 1)[0].section is best


def test_another_text_of_an_error_lifts_its_message() -> None:
    row = Section("e.md", 1, f"{MESSAGES}: A", "x is `…`", "text", asked=("No DB associated to model",))
    other = Section("b.md", 1, "B", "Model", "a model, its DB and what is associated to it: DB model model")
    assert find("ConfigurationError: No DB associated to model", [other, row], 1)[0].section is row


@pytest.mark.parametrize(
    "message",
    [
        'duplicate key value violates unique constraint "fan_key" Key (email)=(anna.schmidt@report.org)',
        "column report.search_rank does not exist",  # the shell ate the quotes
        "ValidationError: email: Length of 'a.long.report.name@example.com' 61 > 60",
        "OperationalError: no such column: money_transfer.search_rank",
    ],
)
def test_a_pasted_message_brings_no_section_about_its_values(message: str) -> None:
    found = [one.section for one in find(message, HANDBOOK, 3)]
    assert found
    assert [one.place for one in found if not one.page.startswith(MESSAGES)] == []
    assert Search(message, HANDBOOK).unknown_words() == []


def test_a_value_of_a_message_ends_with_its_line() -> None:
    log = 'in column "a" of relation "b"\n' + 'OperationalError: relation "warehouse_slots" does not exist'
    assert find(log, HANDBOOK, 1)[0].section.heading == 'relation "…" does not exist'


@pytest.mark.parametrize(
    ("message", "heading"),
    [
        ('OperationalError: relation "warehouse_slots" does no', 'relation "…" does not exist'),
        ('relation "search_rank" al', 'relation "…" already exists'),
        ("ValidationError: report: Length of 'search' t", "…: Length of '…' … > …"),
        (
            "CREATE INDEX CONCURRENTLY cannot run ...",
            "CREATE INDEX CONCURRENTLY cannot run inside a transaction block",
        ),
        ("'search_rank' is not a va", "'…' is not a valid …"),  # its other words are common ones
    ],
)
def test_a_message_that_was_pasted_in_part_is_found(message: str, heading: str) -> None:
    assert find(message, HANDBOOK, 1)[0].section.heading == heading


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('Error: relation "slots" does', len('relation "" does')),
        ('Error: relation "slots" does not exist', len('relation "" does not exist')),
        ("Error: relat", None),  # too little of it
        ('Error: relation "slo', None),
        ('Error: relation "slots" does\nDETAIL', None),  # the text goes on
        (f'Error: relation "{"s" * 201}" does', None),  # too long for a value
    ],
)
def test_how_much_of_a_message_ends_a_text(text: str, same: int | None) -> None:
    pasted = message_in('relation "…" does not exist', text)
    assert (pasted and pasted.same) == same
    assert pasted is None or [text[start:end] for start, end in pasted.values] == ["slots"]


FRAMES = """\
Traceback (most recent call last):
  File "/srv/shop/app/services/orders.py", line 88, in place_order
    order = await Order.create(customer_id=customer.id, status="open", total=cart.total)
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/shop/.venv/lib/python3.12/site-packages/tortoise/transactions.py", line 30, in wrapped
    async with in_transaction(connection_name):
"""
HANDLED = "During handling of the above exception, another exception occurred:"
CHAINED = f"{FRAMES}ValueError: lost\n\n{HANDLED}\n\n{FRAMES}"
IN_A_GROUP = "".join(f"  | {line}\n" for line in FRAMES.splitlines()) + "  | "
OF_PYTEST = """\
    async def test_place_order(client):
>       response = await client.post("/orders", json={"customer_id": 1, "items": []})
app/services/orders.py:88: in place_order
    async with in_transaction():
E       """
OF_A_SERVER = 'INFO:  127.0.0.1 - "GET /orders HTTP/1.1" 500 Internal Server Error\n' + FRAMES
IN_ONE_LINE = 'File "/srv/shop/app/services/transactions.py", line 88, in in_transaction '


@pytest.mark.parametrize("frames", [FRAMES, CHAINED, IN_A_GROUP, OF_PYTEST, OF_A_SERVER, IN_ONE_LINE])
@pytest.mark.parametrize(
    ("error", "heading"),
    [
        ("tortoise.exceptions.ValidationError: total: Value must not be None", "…: Value must not be None"),
        ('DoesNotExist: Object "Order" does not exist', 'Object "…" does not exist'),
    ],
)
def test_the_frames_of_a_traceback_are_not_its_message(frames: str, error: str, heading: str) -> None:
    assert find(frames + error, HANDBOOK, 1)[0].section.heading == heading


def test_the_lines_after_an_error_belong_to_its_message() -> None:
    error = "IntegrityError: violated\nDETAIL:  Key (email) already exists."
    assert raised(f"{FRAMES}{error}\n\nan end") == error
    assert raised(f"{FRAMES}KeyboardInterrupt") != "KeyboardInterrupt"  # no error: all is searched


def test_frames_alone_are_searched() -> None:
    assert find(FRAMES, HANDBOOK, 3)


def test_a_name_in_quotes_that_the_handbook_lacks_has_no_parts() -> None:
    right = Section("a.md", 1, "A", "Missing keys", "A KeyError: an environment variable is not set.")
    other = Section("b.md", 1, "B", "Monthly report", "report month by report month report")
    assert find("KeyError: 'report_month'", [other, right], 3)[0].section is right
    assert find("report_month", [other, right], 3)[0].section is other  # it is all that was typed


def test_what_no_section_says_is_not_found() -> None:
    assert find("xyzzy", HANDBOOK, 3) == []


def test_a_part_of_a_message_lifts_the_section_that_holds_it() -> None:
    other = Section("a.md", 1, "A", "Values", "pool size value pool pool timeout value")
    right = Section("b.md", 1, "B", "Errors", "It raises `the value of the pool must be positive`.")
    assert find("the value of the pool must be positive", [other, right], 1)[0].section is right


def test_a_page_is_cut_at_its_headings_and_not_in_its_fences() -> None:
    page = "# Page\n\nintro\n\n## One\n\n```python\n# not a heading\n```\n\n### Part\n\n## Two\n\ntext\n"
    found = [(s.line, s.page, s.heading) for s in sections_of(page, "p.md")]
    assert found == [(1, "Page", "Page"), (5, "Page", "One"), (13, "Page", "Two")]


def test_the_hidden_set_up_of_blocks_is_left_out_and_lines_stay() -> None:
    hidden = "<!-- snippet: prelude\nimport os\n-->\n"
    shown = "```markdown\n<!-- snippet: prelude\nimport sys\n-->\n```\n"
    page = f"# Page\n\n{hidden}\ntext\n\n## One\n\n{shown}"
    first, second = sections_of(page, "p.md")
    assert "import os" not in first.text
    assert "text" in first.text
    assert (second.line, second.text) == (9, f"## One\n\n{shown}".rstrip("\n"))


def run(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a Python without any package; ``given`` comes from its standard input."""
    command = [sys.executable, "-S", "-E", str(ROOT / "scripts" / "handbook.py"), "find", *arguments]
    return subprocess.run(
        command, input=given, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


MESSAGE_OF_MARIADB = (
    "tortoise.exceptions.IntegrityError: (1452, 'Cannot add or update a child row: a foreign key constraint "
    "fails (`shop`.`invoice`, CONSTRAINT `fk` FOREIGN KEY (`customer_id`) REFERENCES `customer` (`id`))')\n"
)


def test_a_message_with_quotes_and_backticks_comes_from_standard_input() -> None:
    done = run("-n", "1", "-", given=MESSAGE_OF_MARIADB)
    assert done.returncode == 0
    assert done.stdout.startswith("--- references/errors-mysql.md:")
    assert "(1452, " in done.stdout
    assert run("-", given="td106\n").stdout == run("td106").stdout


def test_no_message_or_words_beside_standard_input_are_an_error() -> None:
    empty, both = run("-", given=" \n"), run("-", "lock", given=MESSAGE_OF_MARIADB)
    assert (empty.returncode, both.returncode) == (2, 2)
    assert "no message on standard input" in empty.stderr
    assert "give no words beside -" in both.stderr


def test_the_command_prints_sections_with_their_places() -> None:
    done = run("-n", "1", "select_for_update")
    assert done.returncode == 0
    assert done.stdout.startswith("--- references/locks.md:")
    assert "```python" in done.stdout


def test_of_what_fits_less_only_the_place_is_printed() -> None:
    words = "icontains percent underscore"
    found = find(words, HANDBOOK, 3)
    near = [one.section for one in found if one.score >= CLOSE * found[0].score]
    assert len(near) < len(found) == 3
    heads = [line for line in run(words).stdout.splitlines() if line.startswith("--- ")]
    assert [head.endswith(" kB") for head in heads] == [one.section not in near for one in found]
    assert json.loads(run(words, "--format", "json").stdout)["found"][-1]["text"]


def _found(*lengths: int, score: float = 1.0) -> list[Found]:
    return [Found(Section("a.md", 1, "A", "A", "x" * length), score) for length in lengths]


def test_text_is_printed_while_the_answer_is_short_and_always_of_the_best_section() -> None:
    half = READ_AT_ONCE // 2
    assert _read_at_once(_found(half, half, 1)) == 2
    assert _read_at_once(_found(half, half + 1, 1)) == 1  # none after the one that is too long
    assert _read_at_once(_found(READ_AT_ONCE + 1)) == 1
    assert _read_at_once([*_found(1), *_found(1, score=CLOSE), *_found(1, score=CLOSE - 0.01)]) == 2


def test_a_section_that_is_named_is_printed_whatever_its_length() -> None:
    done = run("TD103", "TD104", "TD106", "TD113", "TD120", "locks.md#do-something-once")
    assert len(done.stdout) > READ_AT_ONCE
    assert done.stdout.count("\n## Use instead") == 5
    assert "\n## Do something once" in done.stdout


def test_a_rule_is_found_by_its_code_and_by_its_name() -> None:
    by_code, by_name = run("td106"), run("missing-await")
    assert by_code.stdout == by_name.stdout
    assert "## Use instead" in by_code.stdout


def test_a_section_is_found_by_its_link() -> None:
    done = run("locks.md#do-something-once")
    assert done.stdout.startswith("--- references/locks.md:")
    assert done.stdout.count("\n## ") == 1
    assert run("references/locks.md#do-something-once").stdout == done.stdout


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("locks.md#when-select-for-update-locks-nothing", "locks.md#when-select_for_update-locks-nothing"),
        ("locks.md#Do_something_once", "locks.md#do-something-once"),
        ("operations.py#set_not_null", "operations.py#SetNotNull"),
    ],
)
def test_an_anchor_may_differ_in_case_hyphens_and_underscores(written: str, meant: str) -> None:
    done = run(written)
    assert done.returncode == 0
    assert done.stdout == run(meant).stdout


def test_an_anchor_that_two_names_resemble_is_not_guessed() -> None:
    one, two = (Section("a.py", 1, "example", name, name) for name in ("INDEX", "index"))
    both = {"INDEX": one, "index": two}
    assert _alike("Index", both) is None
    assert _alike("in-dex", {"index": two}) is two


def test_several_names_print_each_and_a_page_its_anchors_with_their_sizes() -> None:
    done = run("locks.md#do-something-once", "zero-downtime.md", "td106")
    heads = [line for line in done.stdout.splitlines() if line.startswith("--- ")]
    assert [head.partition(":")[0] for head in heads] == [
        "--- references/locks.md",
        "--- references/zero-downtime.md",
        "--- references/rules.md",
    ]
    size = len(run("zero-downtime.md#plan-the-releases").stdout.partition("\n")[2].rstrip("\n").encode())
    assert f"{size / 1000:5.1f} kB  #plan-the-releases\n" in done.stdout


def test_an_anchor_of_the_rules_prints_the_rule() -> None:
    assert run("rules.md#td203").stdout == run("rules.md#td203-not-null-without-default").stdout
    assert run("rules.md#td203").stdout == run("TD203").stdout


def test_a_section_is_found_by_its_line() -> None:
    place = find("keyset pages", HANDBOOK, 1)[0].section.place
    assert run(place).stdout.startswith(f"--- {place} ")
    assert run("locks.md:0").stdout.startswith("--- references/locks.md:1 ")


def test_a_part_of_an_example_is_printed_alone() -> None:
    listed = run("operations.py").stdout
    assert "kB  #SetNotNull" in listed
    assert "class" not in listed
    part = run("operations.py#SetNotNull").stdout
    assert "class SetNotNull" in part
    assert "class ForgetField" not in part
    imports = run("operations.py#imports").stdout
    assert "from tortoise.migrations import" in imports
    assert "class" not in imports.partition('"""\n')[2].partition('"""\n')[2]
    decorated = run("fastapi_auth.py").stdout
    assert "#imports" in decorated


def test_an_example_of_a_name_that_two_have_wants_its_folder() -> None:
    assert "several examples are called migrate.py: examples/" in run("migrate.py#main").stderr
    assert run("with_aerich/migrate.py#main").stdout.startswith("--- examples/with_aerich/migrate.py:")
    assert "no example is called nothing.py" in run("nothing.py#main").stderr


def test_the_name_of_a_file_that_is_no_example_is_a_word() -> None:
    assert "Split `models.py`" in run("--list", "models.py").stdout
    assert "Give each test its own database" in run("--list", "conftest.py").stdout


def test_a_page_among_other_words_is_a_word() -> None:
    assert run("README.md", "harness").returncode == 0


def test_a_link_into_the_page_of_messages_leads_to_its_section() -> None:
    done = run("errors.md#queries")
    assert done.stdout.startswith("--- references/errors.md:")
    assert "\n## Queries\n" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["locks.md#do-something-onec"],
            "locks.md has no anchor #do-something-onec: the nearest are #do-something-once, #",
        ),
        (["lock.md"], "no page is called lock.md: the nearest are locks.md, "),
        (["td999"], "td999 names no rule; check --rules lists all"),
        (["lock.md#job-queue"], "no page is called lock.md: the nearest are locks.md, "),
        (["-n", "0", "locks"], "argument -n: '0' is not a number from 1 on"),
        (["-n", "-3", "locks"], "argument -n: '-3' is not a number from 1 on"),
        (["-n", "x", "locks"], "argument -n: 'x' is not a number from 1 on"),
    ],
)
def test_what_cannot_be_meant_is_told(words: list[str], told: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr.splitlines()[-1]


def test_a_list_has_no_text_in_json_either() -> None:
    (found,) = json.loads(run("--format", "json", "--list", "-n", "1", "keyset").stdout)["found"]
    assert set(found) == {"path", "line", "page", "heading", "score"}


def test_json_names_place_and_heading() -> None:
    (found,) = json.loads(run("--format", "json", "-n", "1", "keyset").stdout)["found"]
    line = (ROOT / found["path"]).read_text(encoding="utf-8").split("\n")[found["line"] - 1]
    assert found["heading"] in line or found["page"] == "example"


def test_a_line_above_the_first_heading_is_of_the_first_section() -> None:
    done = run("SKILL.md:1")
    assert (done.returncode, done.stdout.splitlines()[0][:13]) == (0, "--- SKILL.md:")


def test_nothing_found_is_status_one() -> None:
    done = run("xyzzy")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing found" in done.stderr


def test_a_word_in_capitals_is_looked_for_as_it_is_written() -> None:
    other = Section(
        "a.md", 1, "A", "Return", "It returns a list. Returning a list is right. A list is returned."
    )
    right = Section(
        "b.md", 1, "B", "Values", "PostgreSQL has an UPDATE with RETURNING, and other words beside it."
    )
    assert find("RETURNING", [other, right], 1)[0].section is right


def test_words_of_code_count_less_than_those_of_sentences() -> None:
    in_code = Section("a.md", 1, "A", "Rename", "Some words.\n\n```python\naudit.write(audit)\n```\n")
    in_words = Section(
        "b.md", 1, "B", "Write", "```python\nsome.words(some)\n```\n\nThe audit is an audit.\n"
    )
    assert find("audit", [in_code, in_words], 1)[0].section is in_words


def test_a_section_far_behind_the_best_one_is_left_out() -> None:
    best = Section("a.md", 1, "A", "Keyset pages", "keyset pages by a cursor")
    noise = Section("b.md", 1, "B", "Other", f"pages {'and many other words ' * 40}")
    assert [one.section for one in find("keyset pages", [best, noise], 2)] == [best]
    assert [one.section for one in find("other words", [best, noise], 2)] == [noise]


def test_a_word_that_the_handbook_does_not_have_is_told() -> None:
    done = run("--list", "blockchain", "probes")
    assert done.returncode == 0
    assert "add probes" in done.stdout
    assert done.stderr.endswith("the handbook has no section with: blockchain\n")
    assert run("--list", "probes").stderr == ""
