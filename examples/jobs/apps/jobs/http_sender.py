"""Call another system by HTTP. Adapt the path and the names to your provider."""

import httpx

from apps.jobs.services import NotDoneError, Send

REFUSED = {400, 401, 403, 404, 413, 422, 429}


def sender(client: httpx.AsyncClient, url: str) -> Send:
    """Return a `send()` that posts the content as JSON."""

    async def send(content: dict[str, str], key: str) -> None:
        try:
            answer = await client.post(url, json=content, headers={"Idempotency-Key": key})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotDoneError(repr(error)) from error
        if answer.status_code in REFUSED:
            raise NotDoneError(f"status {answer.status_code}")
        answer.raise_for_status()  # also 408, 409, 5xx

    return send
