// What maintenance windows look like on the admin listener, as JSON Schema: what may be sent is checked by it, answers are described.

import { windowSchema } from '../../config/parts/maintenance/window.ts'
import { line } from './operation-routes.ts'

type Schema = Readonly<Record<string, unknown>>

const text: Schema = { type: 'string' }
const time: Schema = { type: 'string', format: 'date-time' }
const timeOrNull: Schema = { type: ['string', 'null'], format: 'date-time' }
const flag: Schema = { type: 'boolean' }
const list = (items: Schema): Schema => ({ type: 'array', items })
const described = (properties: Record<string, Schema>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
})

const OCCURRENCE = described({
  window: text,
  kind: { type: 'string', enum: ['maintenance', 'freeze'] },
  scope: text,
  start: time,
  end: time,
  leadFrom: time,
  localStart: text,
  localEnd: text,
  timeZone: text,
  shifted: flag,
})

const WINDOW = described({
  name: text,
  kind: { type: 'string', enum: ['maintenance', 'freeze'] },
  source: { type: 'string', enum: ['file', 'api'] },
  by: { type: ['string', 'null'] },
  reason: text,
  scope: text,
  behaviour: { type: 'string', enum: ['drain', 'answer'] },
  timeZone: text,
  repeat: { type: ['string', 'null'] },
  overrun: { type: 'string', enum: ['reopen', 'confirm'] },
  onlyWhenHealthy: flag,
  bypass: described({ addresses: list(text), header: { type: ['string', 'null'] } }),
  status: { type: 'string', enum: ['scheduled', 'lead-in', 'active', 'overrun', 'postponed', 'over'] },
  occurrence: { anyOf: [OCCURRENCE, { type: 'null' }] },
  since: timeOrNull,
  until: timeOrNull,
  waitingFor: { type: ['string', 'null'] },
  problem: { type: ['string', 'null'] },
  next: list(OCCURRENCE),
})

export const WINDOWS_REPLY = {
  description: 'In the order of the configuration; then those made here.',
  ...described({ windows: list(WINDOW) }),
}
export const UPCOMING_REPLY = { description: 'In order of time.', ...described({ occurrences: list(OCCURRENCE) }) }
export const WINDOW_REPLY = {
  description: 'The window as it is now.',
  ...described({ window: WINDOW, warnings: list(text) }),
}
export const CALENDAR_REPLY = { description: 'RFC 5545.', content: { 'text/calendar': { schema: text } } }

const WHO = { by: line(100), unrecorded: flag }
const bodyOf = (properties: object, required: readonly string[]) => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
})

export const ORDER_BODY = bodyOf({ ...WHO, reason: line(500) }, ['reason'])
export const END_BODY = bodyOf(
  {
    ...WHO,
    reason: line(500),
    force: { ...flag, description: 'Also where probes still fail.' },
    next: { ...flag, description: 'Where none is under way: the next one does not take place.' },
  },
  ['reason'],
)

/** As in the configuration. Without its defaults: a validator would put them into what was sent. */
export const WINDOW_BODY = withoutDefaults({
  ...windowSchema,
  properties: { ...windowSchema.properties, ...WHO },
})

function withoutDefaults(schema: object): Schema {
  return JSON.parse(JSON.stringify(schema, (key, value) => (key === 'default' ? undefined : value))) as Schema
}
