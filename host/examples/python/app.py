"""An application for node:http in Python: routes, JSON, a body that is a stream, a request of its own.

The names are those of the WIT package in Python's spelling: `server.take-events` is `Server.take_events`.
"""

import asyncio
import dataclasses
import json
import os
import sys

import wit_world
from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import http, monotonic_clock
from wit_world.imports.node_http_types import HeaderValue_Text
from wit_world.imports.server import (
    ListenOptions,
    Server,
    ServerEventKind_Close,
    ServerEventKind_Request,
    ServerOptions,
)
from wit_world.imports.server_response import Answer, ServerResponse

MAX_BODY = 64 * 1024


def options(cls, **given):
    """A record of options: what is not given is absent, which means its default."""
    absent = {field.name: None for field in dataclasses.fields(cls)}
    return cls(**(absent | given))


class Run(exports.Run):
    async def run(self) -> None:
        server = Server.create(options(ServerOptions))
        port = int(os.environ.get("PORT", "8080"))
        address = await server.listen(options(ListenOptions, host=os.environ.get("HOST"), port=port), None)
        print(f"listening on port {address.port}", flush=True)
        while True:
            await server.ready()
            answers = []
            for event in server.take_events(0):
                if isinstance(event.kind, ServerEventKind_Request):
                    response = event.kind.value
                    if response.request_line().url == "/":
                        # What is known goes back together with the other answers of the batch.
                        answers.append(Answer(response, 200, [("Content-Type", "text/plain")], b"Hello from Python!\n"))
                    else:
                        # What has to wait becomes a task of its own.
                        asyncio.create_task(handle(response))
                elif isinstance(event.kind, ServerEventKind_Close):
                    return
            if answers:
                ServerResponse.respond_all(answers)


async def handle(response: ServerResponse) -> None:
    line = response.request_line()
    with response:
        try:
            match (line.method, line.url):
                case ("POST", "/sum"):
                    await add(response)
                case ("GET", "/ticks"):
                    await ticks(response)
                case ("GET", "/fetch"):
                    await fetch(response)
                case _:
                    answer(response, 404, {"error": "no such resource"})
        except Err as error:
            # An error of node:http has Node's code. Often the client has gone, and nobody waits for an answer.
            print(f"{line.method} {line.url}: {error.value.message}", file=sys.stderr, flush=True)
            if not response.headers_sent() and not response.destroyed():
                answer(response, 502, {"error": error.value.code})


def answer(response: ServerResponse, status: int, value) -> None:
    response.respond(status, [("Content-Type", "application/json")], json.dumps(value).encode())


async def add(response: ServerResponse) -> None:
    """A JSON body: `{"numbers": [1, 2]}` is answered with `{"sum": 3}`."""
    with response.request() as request:
        body = await request.read_all(MAX_BODY)
    try:
        answer(response, 200, {"sum": sum(json.loads(body)["numbers"])})
    except (ValueError, KeyError, TypeError) as error:
        answer(response, 400, {"error": str(error)})


async def ticks(response: ServerResponse) -> None:
    """A body that comes in pieces, filled by a task beside the one that sends it."""
    writer, reader = wit_world.byte_stream()

    async def fill() -> None:
        with writer:
            for tick in range(3):
                await writer.write_all(f"tick {tick}\n".encode())
                await monotonic_clock.wait_for(10_000_000)  # nanoseconds

    filling = asyncio.create_task(fill())
    response.set_header("Content-Type", HeaderValue_Text("text/plain"))
    await response.send_body(reader)
    await filling
    response.end(None)


async def fetch(response: ServerResponse) -> None:
    """The answer of another server, the one that the header `x-url` names."""
    with response.request() as request:
        url = request.header("x-url")
    with http.get(url.value if isinstance(url, HeaderValue_Text) else None, None, None, None) as sent:
        with await sent.response() as received:
            body = await received.read_all(MAX_BODY)
            answer(response, 200, {"status": received.status_code(), "body": body.decode("latin-1")})
