// Integrations and held requests in lines for people.

import type {
  HeldContentReport,
  HeldDetailReport,
  HeldReport,
  HeldRowReport,
  HeldRows,
  IntegrationReport,
  IntegrationsReport,
  PauseReport,
  ShownBody,
  ShownFields,
} from '../../admin/contract/held.ts'
import { formatSize } from '../../config/forms/units.ts'
import { formatAge } from '../../util/words.ts'
import { printable } from './text.ts'

export function integrationsLines({ integrations, store }: IntegrationsReport, nowMs: number): string[] {
  const trouble = store?.state === 'degraded' ? [`NOTHING NEW IS HELD: ${store.reason}`] : []
  if (integrations.length === 0)
    return [...trouble, 'no integrations: a route is one where it says "integration: true" or has the key "hold"'].map(
      printable,
    )
  return [...trouble.map(printable), ...integrations.flatMap(each => integrationLines(each, nowMs))]
}

/** Below the table of `vigia status`: only what is not as on any day. */
export function integrationRemarks({ integrations, store }: IntegrationsReport): string[] {
  const trouble = store?.state === 'degraded' ? [`NOTHING NEW IS HELD: ${store.reason}`] : []
  const each = integrations.flatMap(({ route, paused, held }) => {
    const { waiting = 0, sending = 0, inDoubt = 0, dead = 0 } = held ?? {}
    const parts = [
      paused !== null && `is PAUSED by ${paused.by}, until ${paused.until ?? 'it is resumed'}`,
      waiting + sending > 0 && `${waiting + sending} requests are held`,
      inDoubt > 0 && `${inDoubt} held requests are in doubt`,
      dead > 0 && `${dead} held requests are DEAD`,
    ].filter(part => part !== false)
    return parts.length === 0 ? [] : [`Integration ${route}: ${parts.join('; ')} (vigia integrations).`]
  })
  return [...trouble, ...each].map(printable)
}

export function integrationLines(integration: IntegrationReport, nowMs: number): string[] {
  const { route, pool, paused, held, answers, availability } = integration
  const served = Object.entries(answers).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]))
  const share = availability === null ? '' : ` (${percent(availability)} without error)`
  return [
    `${route}  ${pool === null ? 'not in the configuration' : `pool ${pool}`}, ${served.join(', ') || 'no answers yet'}${share}`,
    ...(paused === null ? [] : [`    ${pauseLine(paused)}`]),
    ...(held === null ? ['    holds nothing'] : heldLines(held, nowMs).map(line => `    ${line}`)),
  ].map(printable)
}

function pauseLine({ by, reason, since, until, meanwhile }: PauseReport): string {
  const counts =
    meanwhile === null
      ? ''
      : `; ${meanwhile.held} held, ${meanwhile.refused} not held, ${meanwhile.forwarded} forwarded`
  return `PAUSED by ${by} since ${since}, until ${until ?? 'it is resumed'}: ${reason}${counts}`
}

function heldLines(held: HeldReport, nowMs: number): string[] {
  const { waiting, sending, inDoubt, dead, bytes, oldestS, perSecond, emptyAt, gate } = held
  const oldest = oldestS === null ? '' : `, the oldest for ${formatAge(oldestS * 1000)}`
  const inMs = emptyAt === null ? undefined : Date.parse(emptyAt) - nowMs
  const empty = inMs === undefined ? '' : `, empty in about ${formatAge(inMs)}`
  const is = gate.open
    ? `held requests are sent, ${perSecond} a second${empty}`
    : `held requests are not sent: ${gate.why}${gate.until === null ? '' : `, until ${gate.until}`}`
  const open = [dead > 0 && `${dead} DEAD`, inDoubt > 0 && `${inDoubt} IN DOUBT`].filter(part => part !== false)
  return [
    `${waiting + sending} held${oldest}${bytes === 0 ? '' : `, ${formatSize(bytes)}`}${open.map(part => `; ${part}`).join('')}`,
    is,
  ]
}

function percent(share: number): string {
  return `${(Math.floor(share * 10_000) / 100).toFixed(2)}%`
}

export function rowLines({ rows, next }: HeldRows, nowMs: number): string[] {
  if (rows.length === 0) return ['none']
  return [...rows.map(row => rowLine(row, nowMs)), ...(next === null ? [] : [`there are more: --cursor ${next}`])].map(
    printable,
  )
}

function rowLine(row: HeldRowReport, nowMs: number): string {
  const { id, route, key, state, method, path, client, receivedAt, note } = row
  const of = key === '' ? '' : ` [${key}]`
  const age = formatAge(nowMs - Date.parse(receivedAt))
  return `${id}  ${state.padEnd(8)}  ${age.padStart(8)}  ${method} ${path} (${route}${of}, ${client})${note === '' ? '' : `: ${note}`}`
}

export function detailLines(detail: HeldDetailReport, nowMs: number): string[] {
  const { fields, result } = detail
  return [...factLines(detail, nowMs), ...fieldLines('fields', fields), ...fieldLines('answered', result?.fields)].map(
    printable,
  )
}

export function contentLines(detail: HeldContentReport, nowMs: number): string[] {
  const { fields, body, result } = detail
  return [
    ...[...factLines(detail, nowMs), ...fieldLines('fields', fields)].map(printable),
    ...bodyLines('body', body),
    ...fieldLines('answered', result?.fields).map(printable),
    ...(result === null ? [] : bodyLines('answer', result.body)),
  ]
}

function factLines(row: HeldRowReport, nowMs: number): string[] {
  const { key, bodyBytes, requestId, receivedAt, expiresAt, attempts, nextAt, status, upstream, endedAt } = row
  const ended = endedAt === null ? '' : ` at ${endedAt}`
  return [
    rowLine(row, nowMs),
    `    request ${requestId}, ${formatSize(bodyBytes)}, received ${receivedAt}, lives until ${expiresAt}`,
    ...(key === '' ? [] : [`    in order with all of ${key}`]),
    `    tried ${attempts} times${nextAt === null ? '' : `, next at ${nextAt}`}`,
    ...(status === null ? [] : [`    ${upstream ?? 'an upstream'} answered ${status}${ended}`]),
  ]
}

function fieldLines(title: string, fields: ShownFields | undefined): string[] {
  if (fields === undefined || fields.length === 0) return []
  return [`    ${title}:`, ...fields.map(([name, value]) => `      ${name}: ${value ?? '(not shown)'}`)]
}

function bodyLines(title: string, body: ShownBody): string[] {
  if ('base64' in body) return [`    ${title}, in base64:`, `      ${body.base64}`]
  return body.text === '' ? [] : [`    ${title}:`, ...body.text.split('\n').map(line => `      ${printable(line)}`)]
}
