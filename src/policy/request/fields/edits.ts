// What a route and its pool do to fields: which go, which are set, which of a client's claims may stay. What a route says of a name goes
// over what its pool says of it.

import { FIELD, type Field, fieldOf } from '../../../http/field-names.ts'
import { type Fields, NO_FIELDS } from '../../../http/fields.ts'
import type { FieldsPlan } from '../../../plan/fields.ts'
import { foldedName } from './claims.ts'
import { NameSet } from './name-set.ts'
import { parseTemplate, render, type Template, type Variable, variablesOf } from './template.ts'

/** Made once for a route. */
export interface FieldRules {
  readonly set: readonly SetField[]
  /** Folded names of what does not stay: what is removed, and what is set anew. */
  readonly gone: NameSet
  /** Names in lower case; of requests only. */
  readonly kept: NameSet | undefined
  readonly variables: ReadonlySet<Variable>
}

interface SetField {
  readonly name: string
  readonly kind: Field
  readonly value: Template
}

/** The one claim that vigia makes itself (request-fields.ts). */
const OWN = 'x-forwarded-port'

type Way = 'request' | 'response'

/** @returns undefined where nothing is to be done */
export function fieldRules(
  pool: FieldsPlan | undefined,
  route: FieldsPlan | undefined,
  way: Way,
): FieldRules | undefined {
  const [ofPool, ofRoute] = [saidBy(pool, way), saidBy(route, way)]
  const said = new Set([...Object.keys(ofRoute.set), ...ofRoute.remove, ...ofRoute.keep].map(foldedPattern))
  const isLeft = (name: string) => !said.has(foldedPattern(name))
  const removed = new NameSet(ofRoute.remove.map(foldedPattern))
  const set = [
    ...Object.entries(ofPool.set).filter(([name]) => isLeft(name) && !removed.has(foldedName(name))),
    ...Object.entries(ofRoute.set),
  ].map(([name, value]) => setField(name, value))
  const remove = [...ofPool.remove.filter(isLeft), ...ofRoute.remove]
  const keep = [...ofPool.keep, ...ofRoute.keep]
  if (set.length + remove.length + keep.length === 0) return undefined
  return {
    set,
    gone: new NameSet([...remove.map(foldedPattern), ...set.map(({ name }) => foldedName(name))]),
    kept: keep.length === 0 ? undefined : new NameSet(keep.map(name => name.toLowerCase())),
    variables: new Set(set.flatMap(({ value }) => variablesOf(value))),
  }
}

function saidBy(plan: FieldsPlan | undefined, way: Way) {
  return { set: {}, remove: [], keep: [], ...plan?.[way] } satisfies FieldsPlan['request']
}

function setField(name: string, text: string): SetField {
  const value = parseTemplate(text)
  if ('unknown' in value) throw new Error(`there is no variable ${value.unknown}`)
  return { name, kind: fieldOf(name), value }
}

/** The * stays. */
function foldedPattern(name: string): string {
  return name.endsWith('*') ? `${foldedName(name.slice(0, -1))}*` : foldedName(name)
}

/**
 * @param claimed what was taken from the request since no client may say it
 * @param lookUp of a variable; a field whose value is empty is left out
 */
export function editedFields(
  { names, values, kinds }: Fields,
  claimed: Fields | undefined,
  rules: FieldRules,
  lookUp: (variable: Variable) => string,
): Fields {
  const edited = { names: [] as string[], values: [] as string[], kinds: [] as Field[] }
  const add = (name: string, value: string, kind: Field) => {
    edited.names.push(name)
    edited.values.push(value)
    edited.kinds.push(kind)
  }
  for (let i = 0; i < names.length; i += 1)
    if (!isGone(names[i]!, kinds[i]!, rules)) add(names[i]!, values[i]!, kinds[i]!)
  const kept = claimed ? keptClaims(claimed, rules) : NO_FIELDS
  for (const [i, name] of kept.names.entries()) add(name, kept.values[i]!, kept.kinds[i]!)
  for (const { name, kind, value } of rules.set) {
    const text = render(value, lookUp)
    if (text !== '') add(name, text, kind)
  }
  return edited
}

/** What of a client's claims may stay: of those in its trailers too. */
export function keptClaims(claimed: Fields, rules: FieldRules): Fields {
  const { kept } = rules
  if (kept === undefined) return NO_FIELDS
  const isKept = (name: string) => name !== OWN && kept.has(name)
  return fieldsWhere(claimed, (name, kind) => isKept(name.toLowerCase()) && !isGone(name, kind, rules))
}

/** Trailers: nothing is set there. */
export function withoutGone(trailers: Fields, rules: FieldRules): Fields {
  return fieldsWhere(trailers, (name, kind) => !isGone(name, kind, rules))
}

export function fieldsWhere({ names, values, kinds }: Fields, isLeft: (name: string, kind: Field) => boolean): Fields {
  const left = [...names.keys()].filter(i => isLeft(names[i]!, kinds[i]!))
  return { names: left.map(i => names[i]!), values: left.map(i => values[i]!), kinds: left.map(i => kinds[i]!) }
}

/** A beginning (`X-*`) takes nothing away that HTTP or vigia need, nor what opens a WebSocket: of these only what is named whole goes. */
function isGone(name: string, kind: Field, { gone }: FieldRules): boolean {
  const folded = foldedName(name)
  const isNeeded = kind !== FIELD.other || folded === OWN || folded.startsWith('sec-websocket-')
  return isNeeded ? gone.hasWhole(folded) : gone.has(folded)
}

/** What describes an answer that vigia gives itself is not the route's to say: it would be stored, or read in another way than it is meant. */
const OF_CONTENT =
  /^(?:content-.*|cache-control|expires|pragma|age|etag|last-modified|vary|location|retry-after|link)$/i

/** For answers of vigia's own: what they say of themselves stays. */
export function rulesForOwn(rules: FieldRules): FieldRules | undefined {
  const set = rules.set.filter(({ name }) => !OF_CONTENT.test(name))
  if (set.length === 0) return undefined
  return { ...rules, set, gone: new NameSet(set.map(({ name }) => foldedName(name))) }
}
