"""How errors of the ORM are answered over HTTP."""

from fastapi import Request
from fastapi.responses import JSONResponse
from tortoise.contrib.fastapi import tortoise_exception_handlers
from tortoise.exceptions import IntegrityError


async def conflict(request: Request, error: IntegrityError) -> JSONResponse:
    """409, without the database's own text: Tortoise's handler would name tables and columns."""
    return JSONResponse(status_code=409, content={"detail": "This conflicts with what is already stored"})


# DoesNotExist stays with Tortoise's handler, which answers 404.
EXCEPTION_HANDLERS = {**tortoise_exception_handlers(), IntegrityError: conflict}
