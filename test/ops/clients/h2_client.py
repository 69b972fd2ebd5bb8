# Three requests on one connection with python3-h2, the second with a body and trailers; prints the statuses.
import socket
import ssl
import sys

import h2.connection
import h2.events

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.set_alpn_protocols(["h2"])
wire = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))), server_hostname="localhost")
assert wire.selected_alpn_protocol() == "h2"
client = h2.connection.H2Connection()
client.initiate_connection()
base = [(":scheme", "https"), (":authority", "localhost")]
client.send_headers(1, [(":method", "GET"), (":path", "/whoami"), *base], end_stream=True)
client.send_headers(3, [(":method", "POST"), (":path", "/api/orders"), *base, ("content-type", "application/json")])
client.send_data(3, b'{"customer": "h2", "lines": [{"product": "Chair", "quantity": 1, "unitPrice": 49.9}]}')
client.send_headers(3, [("x-sum", "1")], end_stream=True)
client.send_headers(5, [(":method", "HEAD"), (":path", "/"), *base], end_stream=True)
wire.sendall(client.data_to_send())
statuses = {}
ended = set()
while len(ended) < 3:
    received = wire.recv(65536)
    assert received, "the connection ended"
    for event in client.receive_data(received):
        if isinstance(event, h2.events.ResponseReceived):
            statuses[event.stream_id] = dict(event.headers)[b":status"].decode()
        elif isinstance(event, h2.events.DataReceived):
            client.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            ended.add(event.stream_id)
        elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
            raise AssertionError(event)
    wire.sendall(client.data_to_send())
print(*("200" if 200 <= int(statuses[stream]) < 300 else statuses[stream] for stream in (1, 3, 5)))
