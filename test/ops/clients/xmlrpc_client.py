"""Python's own client, which the documentation of Odoo's API uses: a call that works, then one whose node dies."""
import sys
import xmlrpc.client

server = xmlrpc.client.ServerProxy(sys.argv[1] + '/xmlrpc')
server.ping()
try:
    print('made', server.create())
except xmlrpc.client.ProtocolError as error:
    print('told', error.errcode)
except Exception as error:
    print('failed', type(error).__name__)
