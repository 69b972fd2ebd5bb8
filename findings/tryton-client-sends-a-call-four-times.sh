#!/usr/bin/env bash
# How often Tryton's clients send one call when connections end without an answer.
#
# Guess:  a call that changes something is sent once; if at all, it is repeated once, on a new connection, where a kept one turned out to be dead (RFC 9110 9.2.2 leaves
#         repeats of a POST to those who know that it is safe).
# Really: the desktop client sends it up to four times, new connections too: its own "one more time" around the one that Python's xmlrpc.client makes. xmlrpc.client
#         alone (proteus calls by it): twice. An answer that was cut or isn't JSON is no reason to repeat. If the second time is answered, the user sees a success like any other.
# Matters: a server or a proxy that takes a call and closes (killed worker, restart, timeout) gets an order up to four times. Answer with a status (a 504 was tried):
#          neither repeats that.
# Versions: Debian 12 tryton-client 6.0.26-1+deb12u1, python3 3.11
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
apt-get download tryton-client=6.0.26-1+deb12u1 >/dev/null 2>&1
dpkg-deb -x ./*.deb root

cat >call.py <<'PY'
import importlib.util, json, socket, struct, threading, xmlrpc.client
def module(name, path):
    spec = importlib.util.spec_from_file_location(name, f'root/usr/lib/python3/dist-packages/{path}')
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
jsonrpc = module('jsonrpc', 'tryton/jsonrpc.py') # the client's own calls; its windows aren't needed
class Known:
    """The hosts whose certificate the client knows: it speaks plain HTTP to this one."""
    def exists(self, host): return True
    def get(self, host): return ''
    def set(self, host, fingerprint): pass
def serve(behave):
    """A server that reads each call whole and does then what `behave` says."""
    listener, calls = socket.create_server(('127.0.0.1', 0)), []
    def connection(s):
        with s, s.makefile('rb') as stream:
            while stream.readline():
                length = 0
                while field := stream.readline().strip():
                    if field.lower().startswith(b'content-length:'): length = int(field.split(b':')[1])
                calls.append(stream.read(length))
                answer = behave(len(calls), calls[-1])
                if answer == 'reset': s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                if answer is None or answer == 'reset': return
                s.sendall(answer)
                if answer.endswith(b'{'): return
    def accept():
        while True: threading.Thread(target=connection, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1], calls
def answer(status, body): return f'HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}'.encode()
def done(call):
    if call.startswith(b'<'): return answer('200 OK', xmlrpc.client.dumps(('done',), methodresponse=True))
    return answer('200 OK', json.dumps({'id': json.loads(call)['id'], 'result': 'done'}))
CASES = {
    'closed': lambda n, call: None,
    'reset': lambda n, call: 'reset',
    'closed, the second time answered': lambda n, call: done(call) if n == 2 else None,
    'answered, then closed': lambda n, call: done(call) if n == 1 else None,
    'answer cut': lambda n, call: b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{',
    '504': lambda n, call: answer('504 Gateway Timeout', '{}'),
}
CLIENTS = {
    'tryton': lambda port: jsonrpc.ServerProxy('127.0.0.1', port, 'db', fingerprints=Known()),
    'xmlrpc.client': lambda port: xmlrpc.client.ServerProxy(f'http://127.0.0.1:{port}/db/'),
}
for name, client in CLIENTS.items():
    for case, behave in CASES.items():
        port, calls = serve(behave)
        proxy = client(port)
        said = []
        for _ in range(2 if case == 'answered, then closed' else 1):
            try: said.append(proxy.model.sale.sale.process([1], {}))
            except Exception as error: said.append(type(error).__name__)
        print(f"{name}: {case}: sent {len(calls)}: {', '.join(said)}")
PY
python3 call.py | tee seen.txt
cat >expected.txt <<'OUT'
tryton: closed: sent 4: RemoteDisconnected
tryton: reset: sent 4: ConnectionResetError
tryton: closed, the second time answered: sent 2: done
tryton: answered, then closed: sent 5: done, RemoteDisconnected
tryton: answer cut: sent 1: JSONDecodeError
tryton: 504: sent 1: Fault
xmlrpc.client: closed: sent 2: RemoteDisconnected
xmlrpc.client: reset: sent 2: ConnectionResetError
xmlrpc.client: closed, the second time answered: sent 2: done
xmlrpc.client: answered, then closed: sent 3: done, RemoteDisconnected
xmlrpc.client: answer cut: sent 1: ExpatError
xmlrpc.client: 504: sent 1: ProtocolError
OUT
diff expected.txt seen.txt && echo 'as it was found'
