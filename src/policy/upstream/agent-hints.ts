// Reads what a node says of itself on a probe's answer: X-Vigia-State, X-Vigia-Weight, and, where that was agreed, the status 404.
// Each answer stands for itself: what it does not say (any more) is not so (any more).

export interface AgentHints {
  /** Why the node wants to be drained: names what said so; undefined = it does not. */
  readonly drain: string | undefined
  /** Factor of its weight, 0..1. */
  readonly weight: number
  /** What was not understood. */
  readonly ignored: readonly IgnoredHint[]
}

export interface IgnoredHint {
  readonly field: string
  /** One line. */
  readonly why: string
}

/** A node that says nothing. */
export const NO_HINTS: AgentHints = { drain: undefined, weight: 1, ignored: [] }

export interface HintRules {
  /** The fields are followed. */
  readonly hints?: boolean | undefined
  /** A 404 means: well, but drain me. */
  readonly drainOn404?: boolean | undefined
}

const STATE = 'x-vigia-state'
const WEIGHT = 'x-vigia-weight'
const PERCENT = /^(100(?:\.0+)?|\d{1,2}(?:\.\d+)?)\s*%$/
const LONGEST_QUOTE = 40

/** @param fields names in lower case; a field that was repeated is a list, and is not understood */
export function readHints(
  status: number,
  fields: Readonly<Record<string, string | readonly string[] | undefined>>,
  rules: HintRules,
): AgentHints {
  const ignored: IgnoredHint[] = []
  let drain = rules.drainOn404 === true && status === 404 ? 'its probe answers 404' : undefined
  if (rules.hints !== true) return drain === undefined ? NO_HINTS : { ...NO_HINTS, drain }
  const state = fields[STATE]
  const word = typeof state === 'string' ? state.trim().toLowerCase() : undefined
  if (word === 'drain') drain ??= 'X-Vigia-State: drain'
  else if (state !== undefined && word !== 'ready')
    ignored.push({ field: 'X-Vigia-State', why: `${quote(state)} is neither drain nor ready` })
  return { drain, weight: weightOf(fields[WEIGHT], ignored), ignored }
}

function weightOf(text: string | readonly string[] | undefined, ignored: IgnoredHint[]): number {
  if (text === undefined) return 1
  const percent = typeof text === 'string' ? PERCENT.exec(text.trim()) : null
  if (percent !== null) return Number(percent[1]) / 100
  ignored.push({ field: 'X-Vigia-Weight', why: `${quote(text)} is not a share from 0% to 100%` })
  return 1
}

/** Safe to log: bounded, and printable. */
function quote(text: string | readonly string[]): string {
  const line = (typeof text === 'string' ? text : text.join(', ')).replace(/[^\x20-\x7e]/g, '?')
  return `"${line.slice(0, LONGEST_QUOTE)}"`
}
