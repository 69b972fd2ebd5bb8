// The PROXY header with which connections to a pool's upstreams begin.

import Type from 'typebox'

export const poolProxyProtocolSchema = Type.Union([Type.Literal('v1'), Type.Literal('v2')], {
  title: '"v1" or "v2"',
  description:
    'Each connection to the upstreams, those of probes too, begins with a PROXY header of this version, which names the client and where it connected to: for servers that take its address from there (nginx `listen ... proxy_protocol`, HAProxy `accept-proxy`, Apache `RemoteIPProxyProtocol`, Varnish, Traffic Server). v1 is a line of text, v2 binary; v2 also says whether the client came by TLS, the host that it named there, and the unique id of the connection, in at most 80 bytes. A connection serves one client then, as long as that stays connected: `idleConnections` is to be as high as the clients that are to keep theirs. Default: none; the forwarding fields say the same without this cost.',
})
