"""Refusals as RFC 9457 has them: JSON with a status and one line that says what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from ecgan.errors import FACE_REASONS

MEDIA_TYPE = "application/problem+json"
SHA256_HEADER = "X-Ecgan-Source-Sha256"
RETRY_SECONDS = 2


class ProblemReply(BaseModel):
    """Why a request is refused."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="One line: what was expected, what came, what to do.")
    reason: str | None = Field(
        None, description=f"Of a face that cannot be translated: {', '.join(FACE_REASONS)}."
    )


class Problem(Exception):  # noqa: N818 - what it becomes is a reply
    """A request that is answered with a refusal."""

    def __init__(
        self, status: int, detail: str, *, reason: str | None = None, sha256: str | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.reason, self.sha256 = status, detail, reason, sha256

    def reply(self) -> JSONResponse:
        """What the client gets."""
        headers = {} if self.sha256 is None else {SHA256_HEADER: self.sha256}
        return problem_reply(self.status, self.detail, reason=self.reason, headers=headers)


def problem_reply(
    status: int, detail: str, *, reason: str | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """A refusal; of one that may be tried again, when."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": " ".join(detail.split()),
    }
    if reason is not None:
        content["reason"] = reason
    headers = dict(headers or {})
    if status in (429, 503):
        headers["Retry-After"] = str(RETRY_SECONDS)
    return JSONResponse(content, status, headers, MEDIA_TYPE)
