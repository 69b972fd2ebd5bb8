"""The library of Tryton's desktop client: a call that works, then one whose node dies."""
import sys
from urllib.parse import urlsplit

from tryton.jsonrpc import Fault, ServerProxy


class PlainHttp:
    """Fingerprints of servers that were met before: this one had none, so it is not asked for TLS."""

    def exists(self, host):
        return True

    def get(self, host):
        return ''

    def set(self, host, fingerprint):
        pass


at = urlsplit(sys.argv[1])
server = ServerProxy(at.hostname, at.port, 'erp', fingerprints=PlainHttp())
server.ping()
try:
    print('made', server.create())
except Fault as error:
    print('told', error.faultCode)
except Exception as error:
    print('failed', type(error).__name__)
