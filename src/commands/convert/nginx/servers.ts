// nginx's `server` blocks: which listener and which host each of them answers for, its certificates, and whether it only leads to https.

import { type Directive, take } from '../directive.ts'
import { below, type Draft, type Entry } from '../draft.ts'
import type { Levels } from './scope.ts'
import { inherited, one } from './scope.ts'

export interface Server {
  readonly directive: Directive
  readonly levels: Levels
  readonly listens: readonly Listen[]
  readonly exact: readonly string[]
  readonly wildcard: readonly string[]
  /** Of one whose names can't be said in vigia, requests go to others. */
  readonly namesLeftOut: boolean
}

export interface Listen {
  readonly address: string
  readonly directive: Directive
  readonly tls: boolean
  readonly isDefault: boolean
}

export function readServer(directive: Directive, http: readonly Directive[], draft: Draft): Server {
  directive.used = true
  const block = directive.block ?? []
  const levels = [block, http]
  const given = take(block, 'listen')
  const ssl = one(levels, 'ssl')?.args[0] === 'on'
  const listens = given.flatMap(each => readListen(each, ssl, draft))
  if (given.length === 0) listens.push({ address: ':80', directive, tls: ssl, isDefault: false })
  const exact: string[] = []
  const wildcard: string[] = []
  let namesLeftOut = false
  for (const names of take(block, 'server_name')) {
    for (const name of names.args) {
      if (name === '' || name === '_' || name === '$hostname') continue
      if (/^[\w.-]+$/.test(name) && !name.startsWith('.')) exact.push(name.toLowerCase())
      else if (/^\*\.[\w.-]+$/.test(name)) wildcard.push(name.toLowerCase())
      else if (/^\.[\w.-]+$/.test(name)) {
        exact.push(name.slice(1).toLowerCase())
        wildcard.push(`*${name.toLowerCase()}`)
      } else {
        namesLeftOut = true
        draft.note('unconverted', names, `${name}: vigia matches a host by its name, or by *. before it`)
      }
    }
  }
  return { directive, levels, listens, exact, wildcard, namesLeftOut }
}

function readListen(directive: Directive, ssl: boolean, draft: Draft): Listen[] {
  const [where = '', ...options] = directive.args
  if (where.startsWith('unix:')) {
    draft.note('unconverted', directive, 'vigia listens on TCP ports only')
    return []
  }
  const address = /^\d+$/.test(where) ? `:${where}` : where.replace(/^\*:/, ':').replace(/^0\.0\.0\.0:/, ':')
  const full = /:\d+$/.test(address) ? address : `${address}:80`
  if (/^\[[^\]]*\]$/.test(address) === false && !/^(?:\[[0-9a-fA-F:.]+\]|[\w.-]*):\d+$/.test(full)) {
    draft.note('unconverted', directive, 'vigia listens on HOST:PORT')
    return []
  }
  const known = ['ssl', 'http2', 'default_server', 'default', 'proxy_protocol', 'deferred', 'reuseport', 'bind', 'quic']
  for (const option of options) {
    if (
      !known.includes(option) &&
      !/^(?:backlog|rcvbuf|sndbuf|ipv6only|fastopen|so_keepalive|setfib|accept_filter)=/.test(option)
    )
      draft.note('unconverted', directive, `${option} is not known here`)
  }
  if (options.includes('quic')) draft.note('unconverted', directive, 'vigia speaks HTTP/1.1 and HTTP/2, not HTTP/3')
  return [
    {
      address: full,
      directive,
      tls: ssl || options.includes('ssl'),
      isDefault: options.some(each => each === 'default_server' || each === 'default'),
    },
  ]
}

/** `:80` and `[::]:80` are one listener, and `10.0.0.1:80` beside `:80` too: vigia has one for each port then. */
export function joinedAddress(address: string, all: readonly string[]): string {
  const port = address.slice(address.lastIndexOf(':'))
  const onPort = all.filter(each => each.endsWith(port) && each.slice(each.lastIndexOf(':')) === port)
  if (onPort.includes(`[::]${port}`)) return `[::]${port}`
  return onPort.includes(port) ? port : address
}

/** Certificates and versions of TLS of a server go to its listener. */
export function addTls(listener: Entry, server: Server, draft: Draft): void {
  const { levels } = server
  const tls = below(listener.keys, 'tls') as { certificates?: { certFile?: string; keyFile?: string }[] }
  const certs = inherited(levels, 'ssl_certificate')
  const keys = inherited(levels, 'ssl_certificate_key')
  for (const [at, cert] of certs.entries()) {
    const pair = { certFile: cert.args[0] ?? '', keyFile: keys[at]?.args[0] ?? '' }
    if (pair.certFile.includes('$') || pair.certFile.startsWith('data:') || pair.keyFile === '') {
      draft.note('unconverted', cert, 'vigia reads a certificate and its key from two files')
      continue
    }
    tls.certificates ??= []
    if (!tls.certificates.some(each => each.certFile === pair.certFile)) tls.certificates.push(pair)
  }
  const password = one(levels, 'ssl_password_file')
  if (password !== undefined)
    draft.note('unconverted', password, 'vigia takes a key without a passphrase: openssl pkey -in KEY -out NEW')
  const protocols = one(levels, 'ssl_protocols')
  if (protocols !== undefined) {
    const old = protocols.args.filter(each => /^(?:SSLv\d|TLSv1(?:\.1)?)$/.test(each))
    if (old.length > 0) draft.note('differs', protocols, `vigia speaks TLS 1.2 and 1.3 only, no ${old.join(', ')}`)
    else if (protocols.args.join() === 'TLSv1.3') below(listener.keys, 'tls').minVersion = 'TLSv1.3'
  }
}

/** Where all servers of a listener ask clients for a certificate in the same way, the listener does. */
export function addClients(listener: Entry, servers: readonly Server[]): void {
  const found = servers.map(({ levels }) => {
    const mode = one(levels, 'ssl_verify_client')?.args[0] ?? 'off'
    const [caFile, revokedFile] = [one(levels, 'ssl_client_certificate'), one(levels, 'ssl_crl')].map(
      each => each?.args[0],
    )
    inherited(levels, 'ssl_verify_depth')
    return { mode, caFile, revokedFile }
  })
  const [first] = found
  if (first === undefined || found.some(each => JSON.stringify(each) !== JSON.stringify(first))) return
  if ((first.mode !== 'on' && first.mode !== 'optional') || first.caFile === undefined) return
  below(listener.keys, 'tls').clients = {
    caFile: first.caFile,
    ...(first.mode === 'optional' ? { mode: 'request' } : {}),
    ...(first.revokedFile === undefined ? {} : { revokedFile: first.revokedFile }),
  }
}

/** nginx asks nobody who comes without TLS. */
export function asksClients({ keys }: Entry): boolean {
  return keys.tls === undefined || (keys.tls as { clients?: unknown }).clients !== undefined
}

/** What leads to https, where that is all that a server without TLS does. */
export function httpsRedirect(server: Server): Directive | undefined {
  const block = server.directive.block ?? []
  const plain = block.find(each => leadsToHttps(each, server))
  if (plain !== undefined) return plain
  for (const inner of block) {
    const condition = inner.args.join(' ').replace(/^\(\s*|\s*\)$/g, '')
    const always =
      /^\$scheme\s*(?:=\s*"?http"?|!=\s*"?https"?)$|^\$host\s*=\s*"?[\w.-]+"?$|^\$https\s*=\s*(?:""|'')?$/.test(
        condition,
      )
    const isRoot = inner.name === 'location' && inner.args.at(-1) === '/'
    if (!(inner.name === 'if' && always) && !isRoot) continue
    const found = inner.block?.find(each => leadsToHttps(each, server))
    if (found !== undefined) return inner
  }
  return undefined
}

function leadsToHttps({ name, args }: Directive, { exact }: Server): boolean {
  const [first = '', second = '', third] = args
  const host = (text: string) =>
    /^https:\/\/(?:\$host|\$server_name|\$http_host)/.test(text) ||
    exact.some(each => text.startsWith(`https://${each}`))
  const rest = (text: string) => /(?:\$request_uri|\$uri\$is_args\$args|\$1|\/)$/.test(text)
  if (name === 'return') {
    const url = /^\d+$/.test(first) ? second : first
    return (first.startsWith('https:') || /^30[1278]$/.test(first)) && host(url) && rest(url)
  }
  return (
    name === 'rewrite' &&
    /^\^(?:\/\(\.\*\)|\(\.\*\)|\/)\$?$/.test(first) &&
    host(second) &&
    rest(second.replace(/\?$/, '')) &&
    (third === undefined || /^(?:permanent|redirect|last)$/.test(third))
  )
}
