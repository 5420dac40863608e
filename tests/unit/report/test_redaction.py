"""What others must not read in reports, records and logs."""

from __future__ import annotations

import pytest
from tortoise_dev.report.redaction import redacted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://app:hunter2@db/x", "postgres://app:***@db/x"),
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
