"""What `config.database` makes of the options of a URL."""

import pytest

from config.database import connection


def test_a_url_without_these_options_stays_as_it_is() -> None:
    for url in ("sqlite://db.sqlite3", "postgres://db/shop?maxsize=9", "mysql://db/shop?charset=utf8mb4"):
        assert connection(url) == url


def test_tls_and_pgbouncer() -> None:
    entry = connection(
        "postgres://app:secret@pgbouncer:6432/shop"
        "?sslmode=verify-full&channel_binding=require&pgbouncer=true&maxsize=9"
    )
    assert isinstance(entry, dict)
    credentials = entry["credentials"]
    assert credentials["ssl"] == "verify-full"
    assert "channel_binding" not in credentials and "pgbouncer" not in credentials
    assert credentials["statement_cache_size"] == 0
    assert (credentials["minsize"], credentials["maxsize"]) == (0, "9")
    assert credentials["max_inactive_connection_lifetime"] == 60.0


def test_without_pgbouncer_the_url_sets_the_pool() -> None:
    entry = connection("postgres://db/shop?sslmode=require&statement_cache_size=200")
    assert isinstance(entry, dict)
    assert entry["credentials"]["statement_cache_size"] == 200
    assert "minsize" not in entry["credentials"]


def test_the_url_of_a_service_does_not_weaken_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for asked, environment, expected in [
        ("require", "verify-full", "verify-full"),
        ("require", "disable", "require"),
        ("verify-full", "require", "verify-full"),
        ("disable", "verify-full", "disable"),  # the way to PgBouncer, in one cluster
    ]:
        monkeypatch.setenv("PGSSLMODE", environment)
        entry = connection(f"postgres://db/shop?sslmode={asked}")
        assert isinstance(entry, dict)
        assert entry["credentials"]["ssl"] == expected


def test_the_environment_adds_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_OPTIONS", "pgbouncer=true&maxsize=7")
    entry = connection("postgres://db/shop?maxsize=20&minsize=2")
    assert isinstance(entry, dict)
    credentials = entry["credentials"]
    assert credentials["statement_cache_size"] == 0
    assert (credentials["minsize"], credentials["maxsize"]) == ("2", "7")
    with pytest.raises(ValueError, match="only asyncpg takes pgbouncer"):
        connection("psycopg://db/shop")
    monkeypatch.setenv("DATABASE_OPTIONS", "maxsize=7")
    assert connection("postgres://db/shop?maxsize=20") == "postgres://db/shop?maxsize=7"
    assert connection("psycopg://db/shop") == "psycopg://db/shop?maxsize=7"
    monkeypatch.setenv("DATABASE_OPTIONS", "pgbouncer")  # without "=true"
    with pytest.raises(ValueError, match="bad query field"):
        connection("postgres://db/shop")
    monkeypatch.setenv("DATABASE_OPTIONS", "")
    assert connection("postgres://db/shop") == "postgres://db/shop"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgres://db/shop?sslmode=", "sslmode must be"),
        ("postgres://db/shop?sslmode=prefer", "sslmode must be"),
        ("postgres://db/shop?pgbouncer=1", "write pgbouncer=true"),
        ("postgres://db/shop?pgbouncer=true&statement_cache_size=100", "statement_cache_size must be 0"),
        ("psycopg://db/shop?pgbouncer=true", "only asyncpg takes pgbouncer"),
        ("mysql://db/shop?sslmode=require", "only asyncpg takes sslmode"),
    ],
)
def test_what_would_be_unsafe_is_refused(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        connection(url)
