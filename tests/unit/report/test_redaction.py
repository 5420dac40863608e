"""What others must not read in reports, records and logs."""

from __future__ import annotations

import pytest
from tortoise_dev.report.redaction import beginning, ending, is_secret, redacted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://app:hunter2@db/x", "postgres://app:***@db/x"),
        ("postgres://app:hunt@er2@db/x", "postgres://app:***@db/x"),
        ("key sk-" + "a1" * 10 + "!", "key ***!"),
        ("ghp_" + "a1" * 10, "***"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer ***"),
        ("AKIA" + "AB" * 8, "***"),
        ("my-own-secret-value and more", "*** and more"),
        ("postgres://h/x?password=hunter2&a=1", "postgres://h/x?password=***&a=1"),
        ("short", "short"),
        ("https://example.org/a:b@c is no login", "https://example.org/a:b@c is no login"),
    ],
)
def test_secrets_are_taken_out(text: str, expected: str) -> None:
    environment = {"MY_TOKEN": "my-own-secret-value", "DB_PASSWORD": "short", "PATH": "and more"}
    assert redacted(text, environment) == expected


@pytest.mark.parametrize(
    "name",
    """DB_PASS SSHPASS MYSQL_PWD PGPASSWORD SESSION_COOKIE HTTP_AUTH BASIC_AUTH_USER AWS_ACCESS_KEY_ID
    API_KEY2 APIKEY GITHUB_TOKEN SENTRY_DSN DB_PW key AZURE_STORAGE_CONNECTION_STRING""".split(),
)
def test_a_variable_is_a_secret_by_its_name(name: str) -> None:
    assert is_secret(name)
    assert redacted("it is hunter2hunter2", {name: "hunter2hunter2"}) == "it is ***"


@pytest.mark.parametrize(
    "name",
    """PATH PWD OLDPWD GIT_AUTHOR_NAME XAUTHORITY SSH_AUTH_SOCK KEYBOARD_LAYOUT TOKENIZERS_PARALLELISM
    COMPASS_EDITION DB_PASSWORD_FILE KEYCLOAK_REALM""".split(),
)
def test_a_variable_that_is_only_called_like_a_secret_is_none(name: str) -> None:
    assert not is_secret(name)
    assert redacted("in /srv/shop", {name: "/srv/shop"}) == "in /srv/shop"


def test_the_longest_secret_goes_first() -> None:
    environment = {"SECRET_A": "abcdefgh", "SECRET_B": "abcdefghijkl"}
    assert redacted("abcdefghijkl abcdefgh", environment) == "*** ***"


def test_no_end_of_a_secret_is_left_behind_a_token_in_it() -> None:
    assert redacted("sk-" + "a1" * 10 + ".the-end", {"MY_KEY": "sk-" + "a1" * 10 + ".the-end"}) == "***"


def test_the_password_of_a_url_in_the_environment_is_hidden_alone_too() -> None:
    environment = {"BROKER": "amqp://app:hunter2%40hunter2@mq/x"}
    assert redacted("hunter2@hunter2 is hunter2%40hunter2", environment) == "*** is ***"
    names = {"BROKER": "postgres://postgres:postgres@db/shop"}
    assert redacted("postgres knows no shop", names) == "postgres knows no shop"


def test_a_secret_of_several_lines_is_hidden_where_it_is_shown_as_a_literal() -> None:
    key = "-----BEGIN-----\nabc\n-----END-----"
    assert redacted(f"{key} and {key!r}", {"TLS_KEY": key}) == "*** and '***'"


def test_a_short_secret_may_be_a_word_and_is_hidden_as_a_value_alone() -> None:
    environment = {"DB_PASSWORD": "root"}
    assert redacted("'root' == \"root\" for root in 'the root'", environment) == (
        "'***' == \"***\" for root in 'the root'"
    )


def test_a_cut_tears_no_word() -> None:
    assert beginning("pass: hunter2hunter2", 12) == "pass: …"
    assert ending("x='hunter2hunter2' end", 8) == "' end"
    assert (beginning("short", 5), ending("short", 5)) == ("short", "short")
    assert (beginning("aaaa", 3), ending("aaaa", 3)) == ("aaa…", "aaa")


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("hunter2", "password=hunter2 end, hunter2s", "password=*** end, hunter2s"),
        ("hunter2", "it is hunter2", "it is ***"),
        ("bridge", "the bridge: bridge, 'bridge', key=bridge", "the bridge: ***, '***', key=***"),
        ("5432", "port 5432, pin=5432", "port 5432, pin=***"),
    ],
)
def test_a_short_secret_is_hidden_where_it_can_be_nothing_else(value: str, text: str, expected: str) -> None:
    assert redacted(text, {"DB_PASS": value}) == expected
