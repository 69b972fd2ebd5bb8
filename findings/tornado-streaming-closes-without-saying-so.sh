#!/usr/bin/env bash
# Tornado handlers that answer before the request is read, and what becomes of the connection.
#
# Guess:  a server that closes a persistent HTTP/1.1 connection after an answer says "Connection: close" in it (RFC 9112 9.6); it closes because part of a
#         body is unread, so not after GET or after a body that came whole.
# Really: a handler with @stream_request_body that answers in prepare() (a refused upload, a login required) closes after every answer, GET, HEAD and an empty or whole
#         body too, even where the client says keep-alive, and never says so. The same prepare() without the decorator keeps the connection,
#         and so does the decorator with an answer in post().
# Matters: a client or a balancer with a pool takes the connection for usable: the request that it sends next may meet the close, and a POST is then
#          lost or sent twice, as the client has it. After a refusal by such a handler, use a new connection.
# Versions: Debian 12 python3-tornado 6.2.0-3+deb12u4, python3 3.11
set -euo pipefail
WORK=$(mktemp -d)
pids=()
trap 'for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$WORK"' EXIT
cd "$WORK"
apt-get download python3-tornado=6.2.0-3+deb12u4 >/dev/null 2>&1
dpkg-deb -x ./*.deb root

cat >server.py <<'PY'
import asyncio, sys
sys.path.insert(0, 'root/usr/lib/python3/dist-packages')
from tornado.web import Application, RequestHandler, stream_request_body
class Whole(RequestHandler):
    def prepare(self):
        self.set_status(403)
        self.finish('no')
@stream_request_body
class Streamed(Whole):
    def data_received(self, chunk): pass
@stream_request_body
class Late(RequestHandler):
    def data_received(self, chunk): pass
    def post(self):
        self.set_status(403)
        self.write('no')
async def main():
    server = Application([('/whole', Whole), ('/streamed', Streamed), ('/late', Late)]).listen(0, '127.0.0.1')
    print(next(iter(server._sockets.values())).getsockname()[1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
PY
cat >client.py <<'PY'
import socket, sys
REQUESTS = {
    'GET': (b'GET', b'', b''), 'HEAD': (b'HEAD', b'', b''),
    'POST, no body': (b'POST', b'Content-Length: 0\r\n', b''), 'POST, whole body': (b'POST', b'Content-Length: 5\r\n', b'hello'),
    'POST, whole chunked body': (b'POST', b'Transfer-Encoding: chunked\r\n', b'5\r\nhello\r\n0\r\n\r\n'),
    'POST, keep-alive': (b'POST', b'Content-Length: 5\r\nConnection: keep-alive\r\n', b'hello'),
}
def ask(path, name):
    method, fields, body = REQUESTS[name]
    with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as s:
        s.settimeout(2)
        s.sendall(method + b' /' + path.encode() + b' HTTP/1.1\r\nHost: x\r\n' + fields + b'\r\n' + body)
        seen, end = b'', 'closed'
        try:
            while data := s.recv(65536): seen += data
        except TimeoutError: end = 'open'
    head = seen.split(b'\r\n\r\n')[0].decode().split('\r\n')
    said = [line for line in head if line.lower().startswith('connection:')]
    print(f"{path}: {name}: {head[0]}, {said[0] if said else 'no Connection field'}, {end}")
for name in REQUESTS: ask('streamed', name)
for name in REQUESTS: ask('whole', name)
ask('late', 'POST, whole body')
PY
python3 server.py >port.txt 2>server.log & pids+=($!)
for _ in $(seq 100); do [ -s port.txt ] && break; sleep 0.1; done
python3 client.py "$(cat port.txt)" | tee seen.txt
cat >expected.txt <<'OUT'
streamed: GET: HTTP/1.1 403 Forbidden, no Connection field, closed
streamed: HEAD: HTTP/1.1 403 Forbidden, no Connection field, closed
streamed: POST, no body: HTTP/1.1 403 Forbidden, no Connection field, closed
streamed: POST, whole body: HTTP/1.1 403 Forbidden, no Connection field, closed
streamed: POST, whole chunked body: HTTP/1.1 403 Forbidden, no Connection field, closed
streamed: POST, keep-alive: HTTP/1.1 403 Forbidden, no Connection field, closed
whole: GET: HTTP/1.1 403 Forbidden, no Connection field, open
whole: HEAD: HTTP/1.1 403 Forbidden, no Connection field, open
whole: POST, no body: HTTP/1.1 403 Forbidden, no Connection field, open
whole: POST, whole body: HTTP/1.1 403 Forbidden, no Connection field, open
whole: POST, whole chunked body: HTTP/1.1 403 Forbidden, no Connection field, open
whole: POST, keep-alive: HTTP/1.1 403 Forbidden, no Connection field, open
late: POST, whole body: HTTP/1.1 403 Forbidden, no Connection field, open
OUT
diff expected.txt seen.txt && echo 'as it was found'
