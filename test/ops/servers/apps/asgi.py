"""The rig's application for ASGI servers. What it has to do is said in ../../README.md."""
import asyncio
import os
from urllib.parse import parse_qs


async def application(scope, receive, send):
    if scope['type'] != 'http':
        return
    path = scope['path']
    wait = parse_qs(scope['query_string'].decode()).get('ms')
    status, body = 200, b'hello'
    if path == '/refuse':
        status, body = 403, b'refused'
    elif path == '/large':
        body = b'large ' * 5000
    elif path == '/order':
        length, more = 0, True
        while more:
            event = await receive()
            if event['type'] == 'http.disconnect':
                return
            length += len(event.get('body', b''))
            more = event.get('more_body', False)
        with open(os.environ['RIG_JOURNAL'], 'a') as journal:
            journal.write(dict(scope['headers'])[b'x-id'].decode() + '\n')
        body = b'order %d' % length
    if wait:
        await asyncio.sleep(int(wait[0]) / 1000)
    headers = [(b'content-type', b'text/plain'), (b'content-length', str(len(body)).encode())]
    await send({'type': 'http.response.start', 'status': status, 'headers': headers})
    await send({'type': 'http.response.body', 'body': body})
