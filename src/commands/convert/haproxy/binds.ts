// `bind` lines as listeners, with their certificates.

import { type Directive, type Surroundings, take } from '../directive.ts'
import { below, type Draft, type Entry, todo } from '../draft.ts'
import type { Listening } from '../rules.ts'
import type { Section } from './read.ts'

interface Bound {
  readonly entry: Entry
  readonly listening: Listening
}

const WITH_VALUE =
  /^(?:crt|crt-list|ca-file|verify|alpn|npn|ciphers|ciphersuites|curves|ecdhe|ssl-min-ver|ssl-max-ver|name|id|interface|maxconn|mode|user|group|uid|gid|level|backlog|process|thread|tls-ticket-keys|proto|mss|nice|namespace|severity-output|crl-file|crt-ignore-err|ca-ignore-err|ca-sign-file|ca-verify-file|shards|accept-netscaler-cip|tcp-ut|label|quic-cc-algo|guid-prefix)$/
const SAID: Readonly<Record<string, string>> = {
  transparent: 'vigia listens on addresses of its own machine',
  'strict-sni': 'vigia shows the first certificate to clients that ask for no host it knows',
  'accept-netscaler-cip': 'vigia knows the PROXY protocol only',
}

export function addBinds(draft: Draft, section: Section, crtBase: string, around: Surroundings): Bound[] {
  const found: Bound[] = []
  for (const bind of take(section.lines, 'bind')) {
    const [where = '', ...rest] = bind.args
    const options = new Map<string, string[]>()
    for (let at = 0; at < rest.length; at += 1) {
      const word = rest[at]!
      const values = options.getOrInsertComputed(word, () => [])
      if (WITH_VALUE.test(word)) values.push(rest[++at] ?? '')
    }
    for (const each of where.split(',')) {
      const address = addressOf(each)
      if (address === undefined) {
        draft.note('unconverted', bind, `${each}: vigia listens on HOST:PORT over TCP`)
        continue
      }
      const entry = draft.listener(address, bind.place)
      if (options.has('ssl')) tls(draft, entry, bind, options, crtBase, around)
      if (options.has('accept-proxy')) acceptProxy(draft, entry, bind)
      for (const [word, message] of Object.entries(SAID)) if (options.has(word)) draft.note('differs', bind, message)
      const port = address.slice(address.lastIndexOf(':') + 1)
      found.push({ entry, listening: { name: String(entry.keys.name), port, tls: options.has('ssl') } })
    }
  }
  return found
}

function addressOf(text: string): string | undefined {
  const plain = text
    .replace(/^ipv[46]@/, '')
    .replace(/^\*:/, ':')
    .replace(/^0\.0\.0\.0:/, ':')
  if (/^(?:\[[0-9a-fA-F:.]+\]|[\w.-]*):\d+$/.test(plain)) return plain
  const [, host, port] = /^([0-9a-fA-F:]*:[0-9a-fA-F:]*):(\d+)$/.exec(plain) ?? []
  return host === undefined ? undefined : `[${host}]:${port}`
}

function tls(
  draft: Draft,
  entry: Entry,
  bind: Directive,
  options: ReadonlyMap<string, readonly string[]>,
  base: string,
  around: Surroundings,
): void {
  const keys = below(entry.keys, 'tls') as {
    certificates?: { certFile: string; keyFile: string }[]
    minVersion?: string
    http2?: boolean
  }
  const lists = (options.get('crt-list') ?? []).flatMap(file => {
    const text = around.read(file)
    if (text === undefined) draft.note('unconverted', bind, `${file} can not be read`)
    return (text ?? '')
      .split(/\r?\n/)
      .flatMap(line => (/^\s*(?:#|$)/.test(line) ? [] : [line.trim().split(/[\s[]/)[0]!]))
  })
  const files = [...(options.get('crt') ?? []), ...lists].map(file =>
    file.startsWith('/') || base === '' ? file : `${base}/${file}`,
  )
  for (const file of files) {
    const within = around
      .find(`${file.replace(/\/$/, '')}/*`)
      .filter(each => !/\.(?:key|ocsp|sctl|issuer|dh|crt-list)$/.test(each))
    for (const certFile of within.length > 0 ? within : [file]) {
      // HAProxy looks for a key beside the certificate where the file has none.
      const beside = [`${certFile}.key`, certFile.replace(/\.(?:crt|pem)$/, '.key')].find(
        each => each !== certFile && around.find(each).length > 0,
      )
      keys.certificates ??= []
      if (!keys.certificates.some(each => each.certFile === certFile))
        keys.certificates.push({ certFile, keyFile: beside ?? certFile })
    }
  }
  if (options.get('ssl-min-ver')?.[0] === 'TLSv1.3') keys.minVersion = 'TLSv1.3'
  else if (/^(?:SSLv3|TLSv1\.[01])$/.test(options.get('ssl-min-ver')?.[0] ?? ''))
    draft.note('differs', bind, 'vigia speaks TLS 1.2 and 1.3 only')
  if (!(options.get('alpn')?.[0] ?? '').split(',').includes('h2'))
    draft.note(
      'differs',
      bind,
      'vigia offers HTTP/2 to clients on this listener: tls: { http2: false } takes that back',
    )
  const verify = options.get('verify')?.[0]
  const authority = options.get('ca-file')?.[0]
  if (verify !== 'required' && verify !== 'optional') return
  if (authority === undefined) {
    draft.note(
      'unsafe',
      bind,
      'vigia needs the authorities of clients: tls: { clients: { caFile: FILE } } of the listener',
    )
    todo(entry, bind, 'caFile of tls.clients is missing')
  }
  const revoked = options.get('crl-file')?.[0]
  below(entry.keys, 'tls').clients = {
    caFile: authority ?? 'MISSING',
    ...(verify === 'optional' ? { mode: 'request' } : {}),
    ...(revoked === undefined ? {} : { revokedFile: revoked }),
  }
}

/** Whoever may send the header must be known: no one is believed by default. */
function acceptProxy(draft: Draft, entry: Entry, bind: Directive): void {
  entry.keys.proxyProtocol = { from: ['127.0.0.1'] }
  todo(entry, bind, 'the addresses of the balancers in front belong into proxyProtocol.from')
  draft.note(
    'unsafe',
    bind,
    'vigia has to know who may say who the client is: put the addresses of the balancers in front into proxyProtocol.from; until then only 127.0.0.1 gets in',
  )
}
