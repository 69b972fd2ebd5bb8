// Which fields of a held request people may see: plain ones whoever may read a list of them, all but secrets who may read what it says.
// Names are in lower case. Pure.

/** They say what a message is, not what is in it, nor who sent it. */
const PLAIN: ReadonlySet<string> = new Set([
  ...['accept', 'accept-encoding', 'accept-language', 'connection', 'content-encoding', 'content-language'],
  ...[
    'content-length',
    'content-type',
    'date',
    'keep-alive',
    'expect',
    'host',
    'prefer',
    'preference-applied',
    'retry-after',
    'server',
  ],
  ...['soapaction', 'transfer-encoding', 'user-agent', 'vary', 'cache-control'],
])

/** With them somebody could act in the name of the client. */
const SECRET =
  /^(?:authorization|proxy-authorization|cookie2?|set-cookie2?|authentication-info)$|token|secret|password|passwd|api-?key|signature|session|credential|jwt/

export function isPlain(name: string): boolean {
  return PLAIN.has(name)
}

export function isSecret(name: string): boolean {
  return SECRET.test(name)
}
