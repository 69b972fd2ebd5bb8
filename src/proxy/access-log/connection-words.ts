// What an access line says of the client's connection beside its address, made once for each connection.

import type { ProxyDetails } from '../../proxy-protocol/header.ts'
import type { ClientCertificate } from '../../tls/client-certificate.ts'

/**
 * Of its PROXY header: `,"proxied":{"by":"10.0.0.5","id":"conn-17","serverName":"erp.example.com"}`.
 * @param by who sent it
 * @returns members of a JSON object, each behind a comma
 */
export function proxiedMembers(by: string, { uniqueId, authority }: ProxyDetails): string {
  return `,"proxied":${JSON.stringify({ by, id: uniqueId && idText(uniqueId), serverName: authority })}`
}

/** Of the certificate that the client has presented, accepted or not: `,"clientCertificate":{"subject":"CN=edi, O=Partner","fingerprint":"74bb..."}`. */
export function certificateMembers({ subject, fingerprint }: ClientCertificate): string {
  return `,"clientCertificate":${JSON.stringify({ subject, fingerprint })}`
}

/** Any bytes may be one: those that are no text are told in hexadecimal digits. */
function idText(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  return /^[\x21-\x7e]+$/.test(text) ? text : bytes.toString('hex')
}
