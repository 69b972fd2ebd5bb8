// Names as certificates write them: subject alternative names as node:crypto prints them, and distinguished names on one line.

import { isIPv6, SocketAddress } from 'node:net'

const ENTRY = /(DNS|IP Address|[A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g

/** Hosts among subject alternative names, in lower case, each once. @param text such as `DNS:a.example, IP Address:10.0.0.1` */
export function namesOf(text: string | undefined): string[] {
  const names = [...(text ?? '').matchAll(ENTRY)].flatMap(([, kind, value = '']) => {
    // What is in quotes has a character in it that no host name has.
    if (value === '' || value.startsWith('"')) return []
    if (kind === 'DNS') return [value.toLowerCase()]
    return kind === 'IP Address' ? [shortAddress(value)] : []
  })
  return [...new Set(names)]
}

/** `C=BR`, `O=Acme`, `CN=x` on lines of their own become `CN=x, O=Acme, C=BR` (RFC 4514: the nearest first). */
export function oneLine(distinguishedName: string): string {
  return distinguishedName.split('\n').reverse().join(', ')
}

/** node:crypto writes FD00:0:0:0:0:0:0:1. */
export function shortAddress(address: string): string {
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address
}

/** Whether a certificate with these names is good for a host (RFC 6125 6.4.3: a star stands for one label). @param host lower case */
export function isCoveredBy(host: string, names: ReadonlySet<string>): boolean {
  const dot = host.indexOf('.')
  return names.has(host) || (dot > 0 && names.has(`*${host.slice(dot)}`))
}
