// Protocols of Upgrade (RFC 9110 7.8): which are named, and whether two lists name the same. Names count, in any case; versions don't.

import { FIELD } from './field-names.ts'
import type { Fields } from './fields.ts'

/** What Upgrade names, but h2c of any version, which vigia does not carry; undefined = nothing. */
export function offeredProtocols(fields: Fields): string | undefined {
  const protocols: string[] = []
  for (let i = 0; i < fields.kinds.length; i += 1) {
    if (fields.kinds[i] !== FIELD.upgrade) continue
    for (const part of fields.values[i]!.split(',')) {
      const protocol = part.trim()
      if (protocol !== '' && protocolName(protocol) !== 'h2c') protocols.push(protocol)
    }
  }
  return protocols.length > 0 ? protocols.join(', ') : undefined
}

/** Whether each protocol of the one list is in the other: a server may switch only to what it was offered. */
export function areOffered(answered: string, offers: string): boolean {
  const names = offers.split(',').map(protocolName)
  return answered.split(',').every(protocol => names.includes(protocolName(protocol)))
}

/** Lower case, without the version: `websocket` of `WebSocket/13`. */
export function protocolName(protocol: string): string {
  const slash = protocol.indexOf('/')
  return (slash < 0 ? protocol : protocol.slice(0, slash)).trim().toLowerCase()
}
