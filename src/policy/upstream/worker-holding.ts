// Does an upstream hold a worker for each connection, for as long as its client takes? Then a slow client is best kept away from it. What
// it says of itself tells, or what its connections do; a wrong guess costs a little memory or disk while a client is slow.

/** Servers with a process or a thread for each connection, as their Server field begins, in lower case. */
const HOLDERS =
  /^(?:gunicorn|uwsgi|werkzeug|wsgiserver|basehttp|simplehttp|python|starman|starlet|gazelle|http::server::psgi|webrick|unicorn|mongrel|phusion passenger|php|apache(?:\/|$)|mod_wsgi|cheroot|cherrypy)/
/** Servers that do other work meanwhile, or take an answer off a worker themselves. */
const OTHERS =
  /^(?:nginx|openresty|angie|tengine|caddy|envoy|haproxy|lighttpd|litespeed|waitress|uvicorn|hypercorn|daphne|granian|twisted|tornado|gevent|aiohttp|python\/\S+ aiohttp|jetty|undertow|kestrel|microsoft-(?:iis|httpapi)|cowboy|akka|netty|vert\.x|varnish|squid|ats\/|cloudflare)/
/** So many connections in a row that end with their first answer: whoever serves many at once keeps them. */
const ENDINGS = 8

export type WorkerHolding = 'yes' | 'no' | 'unknown'
/** By what it was found out; `starved`: policy/upstream/starvation.ts. */
export type HoldingSign = 'server' | 'endings' | 'starved'

/** @param server its Server field; undefined = it has none */
export function holdingByServer(server: string | undefined): WorkerHolding {
  const name = server?.trim().toLowerCase() ?? ''
  if (OTHERS.test(name) || /\baiohttp\b/.test(name)) return 'no'
  return HOLDERS.test(name) ? 'yes' : 'unknown'
}

/** @param endings connections in a row that the upstream ended with their first answer */
export function holdingByEndings(endings: number): WorkerHolding {
  return endings >= ENDINGS ? 'yes' : 'unknown'
}
