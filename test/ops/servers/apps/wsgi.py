"""The rig's application for WSGI servers. What it has to do is said in ../../README.md."""
import os
import time
from urllib.parse import parse_qs


def application(environ, start_response):
    path = environ['PATH_INFO']
    wait = parse_qs(environ.get('QUERY_STRING', '')).get('ms')
    status, body = '200 OK', b'hello'
    if path == '/refuse':
        status, body = '403 Forbidden', b'refused'
    elif path == '/large':
        body = b'large ' * 5000
    elif path == '/order':
        length = 0
        left = int(environ.get('CONTENT_LENGTH') or -1)
        while left != 0:
            piece = environ['wsgi.input'].read(min(left, 65536) if left > 0 else 65536)
            if not piece:
                break
            length += len(piece)
            left -= len(piece) if left > 0 else 0
        with open(os.environ['RIG_JOURNAL'], 'a') as journal:
            journal.write(environ['HTTP_X_ID'] + '\n')
        body = b'order %d' % length
    if wait:
        time.sleep(int(wait[0]) / 1000)
    start_response(status, [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
