// The addresses of Caddy's sites as listeners: which port, whether with TLS, and whose certificate.

import { type Directive, take, takeLast } from '../directive.ts'
import { below, type Draft, type Entry } from '../draft.ts'
import type { Listening } from '../rules.ts'
import type { Site } from './read.ts'

export interface Place {
  readonly listening: Listening
  readonly host: string | undefined
  readonly path: string | undefined
}

export interface Ports {
  readonly http: string
  readonly https: string
  /** Caddy gets certificates by itself, and leads to https. */
  readonly automatic: boolean
  readonly redirects: boolean
}

export function portsOf(options: readonly Directive[]): Ports {
  const automatic = takeLast(options, 'auto_https')?.args[0] ?? 'on'
  return {
    http: takeLast(options, 'http_port')?.args[0] ?? '80',
    https: takeLast(options, 'https_port')?.args[0] ?? '443',
    automatic: automatic !== 'off' && automatic !== 'disable_certs',
    redirects: automatic !== 'off' && automatic !== 'disable_redirects',
  }
}

/** Where a site is served. */
export function placesOf(draft: Draft, site: Site, ports: Ports): Place[] {
  const binds = take(site.block, 'bind').flatMap(({ args }) => args)
  const directive: Directive = { name: site.addresses.join(', '), args: [], place: site.place, used: true }
  const found: Place[] = []
  for (const address of site.addresses) {
    const [, scheme, given = '', port, path] =
      /^(?:(https?):\/\/)?(\[[0-9a-fA-F:]+\]|[\w.*-]*)(?::(\d+))?(\/.*)?$/i.exec(address) ?? []
    if (given === '' && port === undefined && scheme === undefined) {
      draft.note('unconverted', directive, `${address}: vigia serves HOST:PORT`)
      continue
    }
    const host = given === '' || given === '*' ? undefined : given.toLowerCase()
    const isTls =
      scheme === 'https' ||
      (scheme === undefined && port !== ports.http && (host !== undefined || port === ports.https))
    const on = port ?? (isTls ? ports.https : ports.http)
    for (const bind of binds.length === 0 ? [''] : binds) {
      const full = `${bind.includes(':') ? `[${bind}]` : bind === '0.0.0.0' ? '' : bind}:${on}`
      const entry = draft.listener(full, site.place)
      if (isTls) certificates(draft, entry, site, directive, host, ports)
      found.push({
        listening: { name: String(entry.keys.name), port: on, tls: isTls },
        host,
        path: path?.replace(/\/?\*$/, '') || undefined,
      })
    }
  }
  take(site.block, 'tls')
  return found
}

function certificates(
  draft: Draft,
  entry: Entry,
  site: Site,
  directive: Directive,
  host: string | undefined,
  ports: Ports,
): void {
  const tls = below(entry.keys, 'tls') as {
    certificates?: { certFile: string; keyFile: string }[]
    minVersion?: string
  }
  const [given] = site.block.filter(({ name }) => name === 'tls')
  const [first = '', second] = given?.args ?? []
  for (const each of given?.block ?? []) {
    each.used = true
    if (each.name === 'protocols' && each.args[0] === 'tls1.3') tls.minVersion = 'TLSv1.3'
    else if (each.name === 'client_auth') {
      for (const inner of each.block ?? []) inner.used = true
      // Its routes are closed as soon as they are there.
    } else if (each.name === 'ciphers' || each.name === 'curves' || each.name === 'alpn')
      draft.note('needless', each, '')
    else if (each.name !== 'protocols') draft.note('unconverted', each, 'see acme, and tls of a listener')
  }
  if (second !== undefined) {
    tls.certificates ??= []
    if (!tls.certificates.some(({ certFile }) => certFile === first))
      tls.certificates.push({ certFile: first, keyFile: second })
    return
  }
  const isPublic =
    host !== undefined &&
    /[a-z]/.test(host) &&
    host.includes('.') &&
    !/(?:^|\.)(?:localhost|local|internal|test)$/.test(host)
  if (first === 'internal' || !isPublic || !ports.automatic) {
    draft.note(
      'unconverted',
      given ?? directive,
      'vigia is no authority of its own: name a certificate in tls: { certificates: [...] } of the listener',
    )
    return
  }
  if (first.includes('@')) below(draft.settings, 'acme').email = first
  below(draft.settings, 'acme').termsAgreed = true
  if (host.startsWith('*.'))
    draft.note('unconverted', directive, 'vigia gets no certificates for names with *, which only DNS can prove')
  draft.note(
    'differs',
    directive,
    'vigia gets this certificate by itself, as you have agreed to the terms of the CA with Caddy: acme; it keeps it in the store',
  )
}
