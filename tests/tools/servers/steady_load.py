# SPDX-License-Identifier: GPL-2.0-only
"""steady_load.py serve ADDRESS MS: answers after MS on average, half as much more or less; "GET /2" after twice as long.
steady_load.py ask ADDRESS N FILE: N connections that ask again and again; once FILE is there, N more join, and all ask
for what takes twice as long."""
import asyncio
import os
import random
import sys


async def answer(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            times = 2 if head.startswith(b"GET /2") else 1
            await asyncio.sleep(times * random.uniform(0.5, 1.5) * float(sys.argv[3]) / 1000)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def ask():
    await asyncio.sleep(random.random() * 0.05)
    reader, writer = await asyncio.open_connection(sys.argv[2], 80)
    while True:
        writer.write(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % (2 if os.path.exists(sys.argv[4]) else 1))
        await reader.readuntil(b"ok")
        await asyncio.sleep(random.uniform(0.05, 0.15))


async def double():
    while not os.path.exists(sys.argv[4]):
        await asyncio.sleep(0.05)
    await asyncio.gather(*[ask() for _ in range(int(sys.argv[3]))])


async def main():
    if sys.argv[1] == "serve":
        await (await asyncio.start_server(answer, sys.argv[2], 80, backlog=512)).serve_forever()
    await asyncio.gather(double(), *[ask() for _ in range(int(sys.argv[3]))])


asyncio.run(main())
