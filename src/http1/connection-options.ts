// What Connection, Upgrade and Keep-Alive ask for (RFC 9110 7.6.1, 7.8). Decides nothing about what is granted.

import { FIELD } from '../http/field-names.ts'
import type { Fields } from '../http/fields.ts'
import type { ConnectionOptions } from '../http/heads.ts'
import { offeredProtocols } from '../http/upgrades.ts'

const NOTHING: ConnectionOptions = { close: false, keepAlive: false, nominated: undefined, upgrade: undefined }
const KEEP_ALIVE: ConnectionOptions = { ...NOTHING, keepAlive: true }
const CLOSE: ConnectionOptions = { ...NOTHING, close: true }

export function connectionOptionsOf(fields: Fields): ConnectionOptions {
  let options: ConnectionOptions = NOTHING
  for (let i = 0; i < fields.kinds.length; i += 1) {
    if (fields.kinds[i] !== FIELD.connection) continue
    const value = fields.values[i]!
    if (options === NOTHING && (value === 'keep-alive' || value === 'close')) {
      options = value === 'close' ? CLOSE : KEEP_ALIVE
    } else options = merged(options, value.toLowerCase(), fields)
  }
  return options
}

function merged(before: ConnectionOptions, value: string, fields: Fields): ConnectionOptions {
  let { close, keepAlive, upgrade } = before
  const nominated = before.nominated ? [...before.nominated] : []
  for (const part of value.split(',')) {
    const option = part.trim()
    if (option === 'close') close = true
    else if (option === 'keep-alive') keepAlive = true
    else if (option === 'upgrade') upgrade = offeredProtocols(fields)
    else if (option !== '') nominated.push(option)
  }
  return { close, keepAlive, upgrade, nominated: nominated.length > 0 ? nominated : undefined }
}
