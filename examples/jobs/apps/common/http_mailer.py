"""Send mails by HTTP. Copy it into the project of references/jobs.md, and adapt it to your provider."""

import httpx

from apps.common.mailer import NotSentError, Send

REFUSED = {400, 401, 403, 404, 413, 422, 429}


def sender(client: httpx.AsyncClient, url: str) -> Send:
    async def send(mail: dict[str, str], key: str) -> None:
        try:
            answer = await client.post(url, json=mail, headers={"Idempotency-Key": key})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSentError(repr(error)) from error
        if answer.status_code in REFUSED:
            raise NotSentError(f"status {answer.status_code}")
        answer.raise_for_status()  # also 408, 409, 5xx

    return send
