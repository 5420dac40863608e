# snippet: needs="asyncpg, psycopg, cryptography"
"""What `ssl` in the credentials means: which settings encrypt, and which check who answers.

The server here speaks TLS with a certificate that nobody has signed, and notes how its clients come.
"""

import asyncio
import ipaddress
import logging
import os
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tortoise import fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.models import Model

LOCALHOST = ipaddress.ip_address("127.0.0.1")
ENCRYPTED, PLAIN, REFUSED, NOTHING = "encrypted", "plain", "refused the certificate", "did not connect"


class Note(Model):
    id = fields.IntField(primary_key=True)


def certificate(folder: Path) -> Path:
    """A file with a certificate for 127.0.0.1 that is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "db.example.com")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(LOCALHOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


@contextmanager
def postgres_with_tls(certificate: Path) -> Iterator[tuple[int, list[str]]]:
    """Its port, and how clients came. It answers the question for TLS, and then hangs up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    seen: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = listener.accept()
                with client:
                    client.settimeout(5)
                    first = client.recv(8)
                    if first[4:8] != (80877103).to_bytes(4):  # SSLRequest
                        seen.append(PLAIN)
                        continue
                    client.sendall(b"S")
                    try:
                        with context.wrap_socket(client, server_side=True) as encrypted:
                            seen.append(ENCRYPTED if encrypted.recv(8) else REFUSED)
                    except OSError:
                        seen.append(REFUSED)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


async def ask(scheme: str, port: int, **credentials: Any) -> None:
    """Try to connect. It fails in each case: the server says nothing after the greeting."""
    settings = expand_db_url(f"{scheme}://app:secret@127.0.0.1:{port}/shop")
    settings["credentials"] |= credentials
    apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
    async with TortoiseContext() as context:
        await context.init(config={"connections": {"default": settings}, "apps": apps})
        with suppress(Exception):
            await context.connections.get("default").execute_query("SELECT 1")


async def main() -> None:
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        file = certificate(Path(folder))
        careful = ssl.create_default_context()
        own_authority = ssl.create_default_context(cafile=file)

        async def how(scheme: str, **credentials: Any) -> str:
            with postgres_with_tls(file) as (port, seen):
                if scheme == "psycopg":
                    credentials["timeout"] = 1
                await ask(scheme, port, **credentials)
            return seen[0] if seen else NOTHING

        os.environ["HOME"] = folder  # holds no .postgresql/root.crt
        assert await how("asyncpg") == ENCRYPTED
        assert await how("asyncpg", ssl=False) == PLAIN
        assert await how("asyncpg", ssl="require") == ENCRYPTED
        assert await how("asyncpg", ssl="verify-full") == NOTHING  # there is no file with an authority
        assert await how("asyncpg", ssl=True) == REFUSED  # as ?ssl=anything in the URL
        assert await how("asyncpg", ssl=careful) == REFUSED
        assert await how("asyncpg", ssl=own_authority) == ENCRYPTED

        assert await how("psycopg", ssl=True) == ENCRYPTED
        assert await how("psycopg", ssl="verify-full") == ENCRYPTED  # checks nothing
        assert await how("psycopg", ssl=careful) == REFUSED
        assert await how("psycopg", ssl=own_authority) == REFUSED  # it does not look into the context
        careless = ssl.create_default_context()
        careless.check_hostname = False
        assert await how("psycopg", ssl=careless) == ENCRYPTED
        os.environ["PGSSLROOTCERT"] = str(file)
        assert await how("psycopg", ssl=careful) == ENCRYPTED
        assert await how("asyncpg", ssl="verify-full") == ENCRYPTED
        os.environ["PGSSLMODE"] = "verify-full"  # as in the pods of examples/billing/charts
        assert await how("asyncpg") == await how("psycopg") == ENCRYPTED
        assert await how("asyncpg", ssl="disable") == PLAIN  # the entry's own mode wins
        (Path(folder) / "other").mkdir()
        os.environ["PGSSLROOTCERT"] = str(certificate(Path(folder) / "other"))
        assert await how("asyncpg", ssl="verify-full") == REFUSED
        assert await how("asyncpg", ssl="require") == REFUSED  # with such a file, "require" checks as well
        assert await how("psycopg", ssl=True) == REFUSED
        assert await how("asyncpg") == await how("psycopg") == REFUSED  # PGSSLMODE
        os.environ["PGSSLROOTCERT"] = str(Path(folder) / "missing.pem")
        assert await how("asyncpg") == NOTHING
        assert await how("psycopg") == REFUSED


if __name__ == "__main__":
    asyncio.run(main())
