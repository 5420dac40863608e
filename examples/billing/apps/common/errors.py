"""How the API answers errors."""

import json

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from tortoise.contrib.fastapi import tortoise_exception_handlers
from tortoise.exceptions import IntegrityError


async def conflict(request: Request, error: IntegrityError) -> JSONResponse:
    """Answer 409 without the database's own text. Tortoise's handler would name tables and columns."""
    return JSONResponse(status_code=409, content={"detail": "This conflicts with what is already stored"})


async def unprocessable(request: Request, error: RequestValidationError) -> Response:
    """Answer 422 without the values of the request.

    FastAPI's own handler repeats them. It fails with a 500 if one is NaN or a lone surrogate, because JSON
    and UTF-8 have no form for these. `json.dumps` escapes a surrogate in the name of a field.
    """
    detail = [{name: problem[name] for name in ("type", "loc", "msg")} for problem in error.errors()]
    return Response(json.dumps({"detail": detail}), status_code=422, media_type="application/json")


# Tortoise's own handler for DoesNotExist stays. It answers 404.
EXCEPTION_HANDLERS = {
    **tortoise_exception_handlers(),
    IntegrityError: conflict,
    RequestValidationError: unprocessable,
}
