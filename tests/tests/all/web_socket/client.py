import asyncio
import sys

import websockets


async def main():
    async with websockets.connect(sys.argv[1], subprotocols=["echo"]) as socket:
        print("open", socket.subprotocol, len(socket.protocol.extensions))
        for message in ["κόσμε", bytes(100_000), "a" * 5000, b""]:
            await socket.send(message)
            assert await socket.recv() == message
        await socket.send(["frag", "men", "ted"])
        assert await socket.recv() == "fragmented"
        await (await socket.ping())
        await socket.close(3001, "thanks")
        print("closed", socket.close_code, socket.close_reason)


asyncio.run(main())
