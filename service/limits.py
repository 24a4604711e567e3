"""What a request may weigh. FastAPI's own limit answers in plain text; this one answers with a problem document."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import Kind, problem_response

TOO_LARGE: Final = 413


class BodyLimit:
    """Answers 413 to a request body above `most_bytes`, whether or not it says its length."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app, self._most = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        title = f"The body is larger than {self._most} bytes"
        said = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        if said.isdigit() and int(said) > self._most:
            await problem_response(Kind("http", title, TOO_LARGE), ())(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise HTTPException(TOO_LARGE, title)
            return message

        await self._app(scope, counted, send)
