// One maintenance window or change freeze: scopes that exist, keys that contradict each other, calendars that can't be meant.
// The admin API takes windows in the same form, and asks the same of them.

import Type, { type Static } from 'typebox'
import type { WindowPlan, WindowScope } from '../../../plan/window.ts'
import { checkWindow as checkPlan, type WindowProblem } from '../../../policy/maintenance/check-window.ts'
import { didYouMean } from '../../../util/nearest.ts'
import type { Contents } from '../../forms/named-file.ts'
import { derived, type Otherwises } from '../../forms/otherwise.ts'
import { error, type Finding, type Path, quote, warning } from '../../forms/problem.ts'
import { boolean, described, duration, section, text } from '../../forms/schema-blocks.ts'
import { parseDuration } from '../../forms/units.ts'
import { bypassSchema, checkBypass, compileBypass } from './bypass.ts'

const DEFAULTS = { freeze: false, lead: '0', overrun: 'reopen', onlyWhenHealthy: false } as const
const SCOPES = ['pool', 'upstream', 'route', 'everything'] as const

/** One printable line: it goes into logs, pages and onto terminals, where bidirectional controls would read as something else. */
const LINE_PATTERN =
  '^(?=.*\\S)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]+$'

const line = (most: number, description: string) =>
  Type.String({
    maxLength: most,
    pattern: LINE_PATTERN,
    title: `one line of text, at most ${most} characters`,
    description,
  })

export const windowSchema = section(
  {
    name: line(
      100,
      'Name of the window in status, calendar and audit; unique. Orders (end, confirm) are given for it.',
    ),
    pool: Type.Optional(text('the name of a pool', 'Scope: all of this pool.')),
    upstream: Type.Optional(text('POOL/UPSTREAM', 'Scope: this one upstream, as POOL/UPSTREAM.')),
    route: Type.Optional(
      text(
        'the name of a route',
        'Scope: the requests of this route, and those that an upstream may read as such (as with `access`).',
      ),
    ),
    everything: Type.Optional(Type.Literal(true, { title: 'true', description: 'Scope: all pools and routes.' })),
    freeze: Type.Optional(
      boolean(
        'true = a change freeze: traffic is left alone, but changes of the configuration, drains and disablings in its scope are refused.',
        DEFAULTS.freeze,
      ),
    ),
    start: text(
      'a local date and time such as 2026-12-06T02:00',
      'Local date and time of the (first) start in `timeZone`, without offset.',
    ),
    duration: Type.Optional(
      duration('Duration. How long it lasts, as time that passes. Either this or `end`.', undefined),
    ),
    end: Type.Optional(
      text(
        'a local date and time such as 2026-12-06T06:00',
        'Local date and time of the (first) end: what the clock on the wall shows, also in a night in which clocks change. Either this or `duration`.',
      ),
    ),
    timeZone: text(
      'the IANA name of a time zone, such as America/Sao_Paulo',
      'IANA name of the time zone of `start` and `end`.',
    ),
    repeat: Type.Optional(
      text(
        'an RFC 5545 rule such as FREQ=MONTHLY;BYDAY=1SU',
        'RFC 5545 RRULE without DTSTART. Default: it takes place once.',
      ),
    ),
    except: Type.Optional(
      Type.Array(text('a date such as 2026-12-24', 'Date, or local date and time, of a start.'), {
        maxItems: 1000,
        title: 'a list of dates such as 2026-12-24',
        description: 'Starts of the rule that are left out: dates, or local dates and times. Default: none.',
      }),
    ),
    reason: Type.Optional(line(500, 'What users and colleagues read. Default: the name.')),
    behaviour: Type.Optional(
      Type.Union([Type.Literal('drain'), Type.Literal('answer')], {
        title: '"drain" or "answer"',
        description:
          'What requests in scope meet: `answer` = a 503 that says why and until when, `drain` = the upstreams are merely out. Default: drain for an upstream, else answer.',
      }),
    ),
    lead: Type.Optional(
      duration(
        'Duration. How long before the start the upstreams in scope are drained: no new sessions.',
        DEFAULTS.lead,
        'no lead-in',
      ),
    ),
    overrun: Type.Optional(
      Type.Union([Type.Literal('reopen'), Type.Literal('confirm')], {
        title: '"reopen" or "confirm"',
        ...described(
          'What its end does: `reopen` opens, `confirm` stays closed until `vigia maintenance confirm NAME`.',
          DEFAULTS.overrun,
        ),
      }),
    ),
    onlyWhenHealthy: Type.Optional(
      boolean(
        'true = after the end it stays closed until the probes of all upstreams in scope pass; those that an operator has taken out do not count.',
        DEFAULTS.onlyWhenHealthy,
      ),
    ),
    bypass: Type.Optional(bypassSchema),
  },
  'A maintenance window or a change freeze. Its scope is exactly one of pool, upstream, route, everything.',
)

export type WindowDocument = Static<typeof windowSchema>

/** What there is for a window to be for. */
export interface KnownNames {
  /** Upstreams by pool. */
  readonly pools: ReadonlyMap<string, readonly string[]>
  readonly routes: ReadonlySet<string>
}

/** One window by itself. @param at where it stands in the document */
export function* checkWindow(window: WindowDocument, known: KnownNames, at: Path): Iterable<Finding> {
  const scopes = SCOPES.filter(scope => window[scope] !== undefined)
  if (scopes.length === 0) yield error(at, 'says not for what: set pool, upstream, route, or everything: true', 'key')
  for (const scope of scopes.slice(1))
    yield error(
      [...at, scope],
      `the window is for ${scopes[0]} already: remove one of them, or make two windows`,
      'key',
    )
  if (scopes.length === 1) yield* checkScope(window, known, at)
  yield* checkLength(window, at)
  yield* checkEffect(window, at)
  if (window.bypass !== undefined && window.freeze !== true)
    yield* checkBypass(window.bypass, behaviourOf(window) === 'answer', [...at, 'bypass'])
  const lengthIsClear = (window.duration === undefined) !== (window.end === undefined)
  if (scopes.length !== 1 || !lengthIsClear) return
  const { errors, warnings } = checkPlan(compileWindow(window, new Map()))
  for (const problem of errors) {
    // Said in the words of the document already.
    if (problem.field === 'behaviour' || isSaid(problem, window)) continue
    yield error(keyOf(problem.field, window, at), problem.message)
  }
  for (const problem of warnings) yield warning(keyOf(problem.field, window, at), problem.message)
}

function* checkScope({ pool, upstream, route }: WindowDocument, known: KnownNames, at: Path): Iterable<Finding> {
  const names = [...known.pools.keys()]
  if (pool !== undefined && !known.pools.has(pool)) yield error([...at, 'pool'], noSuch('pool', pool, names))
  if (route !== undefined && !known.routes.has(route))
    yield error([...at, 'route'], noSuch('route', route, [...known.routes]))
  if (upstream === undefined) return
  const slash = upstream.indexOf('/')
  const [ofPool, name] = [upstream.slice(0, Math.max(0, slash)), upstream.slice(slash + 1)]
  const ofThatPool = known.pools.get(ofPool)
  if (slash < 1 || (ofThatPool !== undefined && !ofThatPool.includes(name))) {
    const all = [...known.pools].flatMap(([each, upstreams]) => upstreams.map(one => `${each}/${one}`))
    yield error([...at, 'upstream'], noSuch('upstream', upstream, all))
  } else if (ofThatPool === undefined) yield error([...at, 'upstream'], noSuch('pool', ofPool, names))
}

function noSuch(kind: string, name: string, names: readonly string[]): string {
  return `there is no ${kind} ${quote(name)}${didYouMean(name, names) || `; there is ${names.slice(0, 20).join(', ')}`}`
}

function* checkLength({ duration, end }: WindowDocument, at: Path): Iterable<Finding> {
  if (duration === undefined && end === undefined)
    yield error(at, 'says not how long: set duration: 4h, or end: 2026-12-06T06:00', 'key')
  if (duration !== undefined && end !== undefined)
    yield error([...at, 'end'], 'its duration says already how long it is: remove one of them', 'key')
}

function* checkEffect(window: WindowDocument, at: Path): Iterable<Finding> {
  if (window.freeze === true) {
    for (const key of ['behaviour', 'lead', 'overrun', 'onlyWhenHealthy', 'bypass'] as const) {
      if (window[key] !== undefined && window[key] !== false)
        yield error([...at, key], 'a freeze leaves the traffic alone: remove it, or freeze: true', 'key')
    }
    if (window.route !== undefined)
      yield error([...at, 'route'], 'a freeze protects a pool, an upstream or everything, not a route', 'key')
    return
  }
  if (window.upstream !== undefined && window.behaviour === 'answer')
    yield error([...at, 'behaviour'], 'the other upstreams of the pool serve on: choose drain, or the pool as scope')
  if (window.route === undefined) return
  if (window.behaviour === 'drain')
    yield error(
      [...at, 'behaviour'],
      'a route has no upstreams of its own to drain: choose answer, or the pool as scope',
    )
  if (window.lead !== undefined && window.lead !== 0 && window.lead !== '0')
    yield warning([...at, 'lead'], 'has no effect: a route is served until the start', 'key')
}

function isSaid({ field }: WindowProblem, { freeze }: WindowDocument): boolean {
  return freeze === true && (field === 'leadMs' || field === 'overrun' || field === 'scope')
}

/** The key that says it in the document; the name where none does. */
function keyOf(field: keyof WindowPlan, window: WindowDocument, at: Path): Path {
  const candidates = KEYS[field].filter(key => window[key] !== undefined)
  return [...at, candidates[0] ?? 'name']
}

const KEYS: Readonly<Record<keyof WindowPlan, readonly (keyof WindowDocument)[]>> = {
  name: ['name'],
  kind: ['freeze'],
  reason: ['reason'],
  timeZone: ['timeZone'],
  start: ['start'],
  length: ['duration', 'end'],
  recurrence: ['repeat'],
  exceptDates: ['except'],
  scope: SCOPES,
  behaviour: ['behaviour'],
  leadMs: ['lead'],
  overrun: ['overrun', 'onlyWhenHealthy'],
  onlyWhenHealthy: ['onlyWhenHealthy'],
  bypass: ['bypass'],
}

/** Never throws: the checks compile a window to look at its calendar, whatever else is wrong with it. */
export function compileWindow(window: WindowDocument, files: Contents): WindowPlan {
  const { name, freeze, reason, timeZone, start, duration, end, repeat, except, lead } = window
  const scope = scopeOf(window)
  return {
    name,
    kind: freeze === true ? 'freeze' : 'maintenance',
    reason: reason ?? '',
    timeZone,
    start,
    length:
      duration === undefined
        ? { by: 'wall-clock', end: end ?? start }
        : { by: 'elapsed', ms: parseDuration(duration)! },
    recurrence: repeat,
    exceptDates: (except ?? []).map(date => (DATE.test(date) ? `${date}${timeOf(start)}` : date)),
    scope,
    behaviour: behaviourOf(window),
    leadMs: parseDuration(lead ?? DEFAULTS.lead)!,
    overrun: window.overrun ?? DEFAULTS.overrun,
    onlyWhenHealthy: window.onlyWhenHealthy ?? DEFAULTS.onlyWhenHealthy,
    bypass: compileBypass(window.bypass, files),
  }
}

const DATE = /^\d{4}-\d\d-\d\d$/

function timeOf(start: string): string {
  return start.includes('T') ? start.slice(start.indexOf('T')) : ''
}

function scopeOf({ pool, upstream, route }: WindowDocument): WindowScope {
  if (pool !== undefined) return { kind: 'pool', pool }
  if (upstream !== undefined) {
    const slash = upstream.indexOf('/')
    return { kind: 'upstream', pool: upstream.slice(0, Math.max(0, slash)), upstream: upstream.slice(slash + 1) }
  }
  return route === undefined ? { kind: 'everything' } : { kind: 'route', route }
}

function behaviourOf({ behaviour, upstream }: WindowDocument): WindowPlan['behaviour'] {
  return behaviour ?? (upstream === undefined ? 'answer' : 'drain')
}

/** Keys of the plan whose name in the document is another one. */
export const RENAMED_IN_WINDOW = {
  'bypass.header.sha256': 'bypass.header.value',
  recurrence: 'repeat',
  exceptDates: 'except',
}

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_WINDOW: Otherwises = {
  'maintenance[].behaviour': around => {
    const scope = SCOPES.find(each => around.beside[each] !== undefined)
    return scope && derived(around, behaviourOf(around.beside as WindowDocument), scope)
  },
}
