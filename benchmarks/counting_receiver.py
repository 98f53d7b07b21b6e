"""A receiver that only counts: a process of its own, so that it costs the sender nothing.

    python -m benchmarks.counting_receiver

Prints its port; answers each POST with 204; each GET with how many posts and how many different
`webhook-id`s came so far, and when (epoch seconds) the first and the last did, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import time


class Count:
    """What arrived."""

    def __init__(self) -> None:
        self.posts, self.ids = 0, set[bytes]()
        self.first = self.last = 0.0

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests until it ends."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.partition(b": ")[::2] for line in head.lower().split(b"\r\n"))
                await reader.readexactly(int(fields.get(b"content-length", 0)))
                writer.write(self._told() if head.startswith(b"GET") else self._counted(fields))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _counted(self, fields: dict[bytes, bytes]) -> bytes:
        self.posts += 1
        self.ids.add(fields.get(b"webhook-id", b""))
        self.last = time.time()
        self.first = self.first or self.last
        return b"HTTP/1.1 204 No Content\r\n\r\n"

    def _told(self) -> bytes:
        body = json.dumps([self.posts, len(self.ids), self.first, self.last]).encode()
        self.posts, self.first = 0, 0.0
        self.ids.clear()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


async def main() -> None:
    server = await asyncio.start_server(Count().speak, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
