// The faults of a chaos run: drawn from the seed, all of them, before the run begins. What each one does is fault-run.ts.

import { branch, pick, type Random, whole } from '../support/random.ts'
import type { Mode } from './modes.ts'

export const FAULT_KINDS = [
  'kill',
  'freeze',
  'restart',
  'slow',
  'reset-in-request',
  'reset-before-head',
  'reset-in-head',
  'reset-in-body',
  'idle-close',
  'idle-close-announced',
  'garbage',
  'flap',
  'half-open',
  'half-closed',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface Fault {
  readonly kind: FaultKind
  /** Index of the upstream. */
  readonly node: number
  /** From the beginning of the fault before it. */
  readonly afterMs: number
  readonly lastsMs: number
  /** What the upstream is told; undefined = it is a signal to its process. */
  readonly mode: Mode | undefined
}

/** Every kind once in a random order, then all again, and so on: more of them than a run can have. */
export function drawFaults(seed: number, nodes: number, seconds: number, kinds: readonly FaultKind[]): Fault[] {
  const random = branch(seed, 'faults')
  const short = seconds < 10
  const faults: Fault[] = []
  let deck: FaultKind[] = []
  while (kinds.length > 0 && faults.length < seconds * 3) {
    if (deck.length === 0) deck = shuffled(kinds, random)
    const kind = deck.pop()!
    faults.push({
      kind,
      node: whole(0, nodes - 1, random),
      afterMs: whole(100, short ? 500 : 2000, random),
      lastsMs: whole(short ? 300 : 600, short ? 1200 : 4500, random),
      mode: modeOf(kind, random),
    })
  }
  return faults
}

export function describeFault({ kind, mode }: Fault): string {
  return mode ? `${kind} ${JSON.stringify({ ...mode, kind: undefined })}` : kind
}

function modeOf(kind: FaultKind, random: Random): Mode | undefined {
  const probes = random() < 0.5
  const share = pick([0.2, 0.5, 1], random)
  const hard = random() < 0.5
  switch (kind) {
    case 'kill':
    case 'freeze':
    case 'restart':
      return undefined
    case 'slow':
      return { kind: 'slow', delayMs: whole(100, 800, random), probes }
    case 'reset-in-request':
      return { kind: 'reset', where: 'in-request', hard, share, probes }
    case 'reset-before-head':
      return { kind: 'reset', where: 'before-head', hard, share, probes }
    case 'reset-in-head':
      return { kind: 'reset', where: 'in-head', hard, share, probes }
    case 'reset-in-body':
      return { kind: 'reset', where: 'in-body', hard, share, probes }
    case 'idle-close':
      return { kind: 'idle-close', announced: false, withinMs: pick([2, 50, 500], random) }
    case 'idle-close-announced':
      return { kind: 'idle-close', announced: true, withinMs: 50 }
    case 'garbage':
      return { kind: 'garbage', share, probes }
    case 'flap':
      return { kind: 'refuse' }
    case 'half-open':
      return { kind: 'mute' }
    case 'half-closed':
      return { kind: 'half-closed' }
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const copy = [...list]
  for (let i = copy.length - 1; i > 0; i -= 1) {
    const j = whole(0, i, random)
    ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
  }
  return copy
}
