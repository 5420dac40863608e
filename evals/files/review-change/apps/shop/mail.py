"""Mail over HTTP."""

import httpx


async def send_mail(to: str, text: str) -> None:
    """Send a mail by the company's gateway. It takes up to ten seconds."""
    async with httpx.AsyncClient(timeout=10) as client:
        await client.post("https://mail.shop.test/send", json={"to": to, "text": text})
