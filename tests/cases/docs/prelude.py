import asyncio

await asyncio.sleep(0)
start = 10
