#!/usr/bin/env bash
# What Tryton's desktop client makes of a server's or a proxy's answer to a call.
#
# Guess:  the body says what went wrong: a JSON error is shown whatever the status; every 2xx with a result is a success; an error as JSON-RPC 2.0 has it (an object with
#         code, message, data; id null where it is not known) is shown as that message.
# Really: any status but 200 is an error of which only the number and the reason phrase count, also 201 and 202 with the right result; the body isn't looked at. In
#         a 200 the id has to be the call's, of the same type, else the message is "Invalid response id". The error is a list of two. JSON-RPC's object of code and
#         message is shown as "message", the key instead of the text; with data as well it becomes a TypeError.
# Matters: a proxy that answers for Tryton can tell its users something by the reason phrase alone, which HTTP/2 has not; generic JSON-RPC error bodies never reach them.
# Versions: Debian 12 tryton-client 6.0.26-1+deb12u1, python3 3.11
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
apt-get download tryton-client=6.0.26-1+deb12u1 >/dev/null 2>&1
dpkg-deb -x ./*.deb root

cat >call.py <<'PY'
import http.server, importlib.util, json, threading
spec = importlib.util.spec_from_file_location('jsonrpc', 'root/usr/lib/python3/dist-packages/tryton/jsonrpc.py')
jsonrpc = importlib.util.module_from_spec(spec) # the client's own calls; its windows aren't needed
spec.loader.exec_module(jsonrpc)
class Known:
    """The hosts whose certificate the client knows: it speaks plain HTTP to this one."""
    def exists(self, host): return True
    def get(self, host): return ''
    def set(self, host, fingerprint): pass
OWN = ['UserError', ['Closed until 18:30', '', None]]
SHORT, FULL = {'code': -32000, 'message': 'Closed until 18:30'}, {'code': -32000, 'message': 'Closed until 18:30', 'data': {}}
CASES = [
    ('result', 200, 'OK', lambda n: {'id': n, 'result': 'done'}),
    ('result', 201, 'Created', lambda n: {'id': n, 'result': 'done'}),
    ('result', 202, 'Accepted', lambda n: {'id': n, 'result': 'done'}),
    ("Tryton's error", 200, 'OK', lambda n: {'id': n, 'error': OWN}),
    ("Tryton's error", 503, 'Service Unavailable', lambda n: {'id': n, 'error': OWN}),
    ("Tryton's error", 503, 'Back at half past six', lambda n: {'id': n, 'error': OWN}),
    ("Tryton's error, id null", 200, 'OK', lambda n: {'id': None, 'error': OWN}),
    ('result, id a string', 200, 'OK', lambda n: {'id': str(n), 'result': 'done'}),
    ('JSON-RPC error of two', 200, 'OK', lambda n: {'jsonrpc': '2.0', 'id': n, 'error': SHORT}),
    ('JSON-RPC error of three', 200, 'OK', lambda n: {'jsonrpc': '2.0', 'id': n, 'error': FULL}),
]
class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        call = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        _, status, phrase, body = case
        text = json.dumps(body(call['id'])).encode()
        self.send_response(status, phrase)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
for case in CASES:
    proxy = jsonrpc.ServerProxy('127.0.0.1', server.server_port, 'db', fingerprints=Known())
    try: said = proxy.model.sale.sale.process([1], {})
    except jsonrpc.Fault as fault: said = f'Fault {fault.faultCode}: {fault.faultString}'
    except Exception as error: said = f'{type(error).__name__}: {error}'
    print(f'{case[0]} in {case[1]} {case[2]}: {said}')
PY
python3 call.py | tee seen.txt
cat >expected.txt <<'OUT'
result in 200 OK: done
result in 201 Created: Fault 201: Created
result in 202 Accepted: Fault 202: Accepted
Tryton's error in 200 OK: Fault UserError: ['Closed until 18:30', '', None]
Tryton's error in 503 Service Unavailable: Fault 503: Service Unavailable
Tryton's error in 503 Back at half past six: Fault 503: Back at half past six
Tryton's error, id null in 200 OK: ResponseError: ResponseError('Invalid response id (None) excpected 1')
result, id a string in 200 OK: ResponseError: ResponseError('Invalid response id (1) excpected 1')
JSON-RPC error of two in 200 OK: Fault code: message
JSON-RPC error of three in 200 OK: TypeError: Fault.__init__() takes from 2 to 3 positional arguments but 4 were given
OUT
diff expected.txt seen.txt && echo 'as it was found'
