"""A provider of models on loopback, as far as the `openai` client asks it: chats, streams, embeddings."""

import json
from collections.abc import Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

MODEL = "gpt-4o-mini-2024-07-18"
USAGE = {
    "prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 100}, "completion_tokens_details": {"reasoning_tokens": 0},
}  # fmt: skip
ANSWER = "the answer that nobody may keep"
LIMITED = "gpt-limited"
"""The model that has no quota left."""


async def _chat(request: Request) -> Response:
    asked: dict[str, Any] = await request.json()
    if asked["model"] == LIMITED:
        told = {"message": "no quota left", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
        return JSONResponse({"error": told}, 429)
    if asked.get("stream"):
        return StreamingResponse(_chunks(), media_type="text/event-stream")
    message = {"role": "assistant", "content": ANSWER, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return JSONResponse({**_named("chat.completion"), "choices": [choice], "usage": USAGE})


def _named(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_790_000_000, "model": MODEL}


def _chunks() -> Iterator[str]:
    deltas = [{"role": "assistant", "content": ""}, *({"content": word} for word in ANSWER.split()), {}]
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
        yield f"data: {json.dumps({**_named('chat.completion.chunk'), 'choices': [choice], 'usage': None})}\n\n"
    yield f"data: {json.dumps({**_named('chat.completion.chunk'), 'choices': [], 'usage': USAGE})}\n\n"
    yield "data: [DONE]\n\n"


async def _embeddings(request: Request) -> Response:
    data = [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}]
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    return JSONResponse({"object": "list", "data": data, "model": "text-embedding-3-small", "usage": usage})


provider = Starlette(
    routes=[
        Route("/v1/chat/completions", _chat, methods=["POST"]),
        Route("/v1/embeddings", _embeddings, methods=["POST"]),
    ]
)
