// The figures of a run, over all of its rounds: requests, errors, retries and doubts by kind, and how quickly each kind of fault was
// noticed and got over. Counts and prints; judges nothing.

import { promiseOf } from './asks.ts'
import type { Evidence } from './evidence.ts'
import { excuseFor, faultsAround } from './excuses.ts'
import type { Episode } from './fault-run.ts'
import { FAULT_KINDS, type FaultKind } from './faults.ts'
import type { Seen } from './requests.ts'
import { isGood } from './verdict.ts'

interface FaultFigures {
  count: number
  /** From the beginning of the fault to the first transition away, ms. */
  readonly detected: number[]
  /** Longest stretch without a good answer to a repeatable request, ms. */
  readonly gaps: number[]
  errors: number
  inDoubt: number
}

/** Answers that come a little later still belong to the fault. */
const AFTER_MS = 500
const MIB = 1_048_576

export class Figures {
  readonly #kinds = new Map<string, { asked: number; failed: Map<string, number> }>()
  readonly #retries = new Map<string, number>()
  readonly #excuses = new Map<string, number>()
  readonly #faults = new Map<FaultKind, FaultFigures>()
  readonly #protocols = new Map<string, number>()
  #webSockets = { count: 0, echoes: 0, ended: 0 }
  #front = { full: 0, resumed: 0, toldToGo: 0 }
  #buffered = { requests: 0, answers: 0, spooledBytes: 0 }
  readonly #troubles = new Map<string, number>()

  add(evidence: Evidence): void {
    for (const seen of evidence.seen) this.#addRequest(seen, evidence)
    for (const { echoed, regular } of evidence.conversations) {
      this.#webSockets.count += 1
      this.#webSockets.echoes += echoed
      if (!regular) this.#webSockets.ended += 1
    }
    for (const entries of evidence.access.values()) {
      for (const { attempts, proof } of entries) if (attempts > 1) increase(this.#retries, proof, attempts - 1)
    }
    const { handshakes, toldToGo } = evidence
    this.#front.full += handshakes.full
    this.#front.resumed += handshakes.resumed
    this.#front.toldToGo += toldToGo
    this.#addBuffers(evidence)
    const good = evidence.seen
      .filter(seen => promiseOf(seen.kind) === 'repeatable' && isGood(seen))
      .map(seen => seen.endMs)
      .sort((a, b) => a - b)
    for (const episode of evidence.episodes) this.#addFault(episode, evidence, good)
  }

  /** Lines for people. */
  table(): string[] {
    const lines = ['', row('request', 'asked', 'good', 'errors')]
    for (const [kind, { asked, failed }] of [...this.#kinds].sort()) {
      const errors = [...failed.values()].reduce((sum, count) => sum + count, 0)
      lines.push(row(kind, String(asked), String(asked - errors), errors === 0 ? '0' : `${errors} (${list(failed)})`))
    }
    const { count, echoes, ended } = this.#webSockets
    lines.push('', `WebSockets: ${count}, ${echoes} echoes, ${ended} ended by a fault`)
    const { full, resumed, toldToGo } = this.#front
    lines.push(
      `by protocol: ${list(this.#protocols)}; ${full} full handshakes, ${resumed} resumed, ${toldToGo} GOAWAYs`,
    )
    const { requests, answers, spooledBytes } = this.#buffered
    const spooled = Math.round(spooledBytes / MIB)
    const troubles = list(this.#troubles) || 'none'
    lines.push(`buffered: ${requests} requests, ${answers} answers, ${spooled} MiB in files; troubles: ${troubles}`)
    lines.push(`attempts beyond the first, by proof: ${list(this.#retries) || 'none'}`)
    lines.push(`errors of repeatable requests that could not be spared: ${list(this.#excuses) || 'none'}`)
    lines.push('', row('fault', 'times', 'noticed', 'after (median, longest)', 'longest gap', 'errors', 'in doubt'))
    for (const kind of FAULT_KINDS) {
      const figures = this.#faults.get(kind)
      if (!figures) continue
      const { detected, gaps } = figures
      const after = detected.length === 0 ? '-' : `${median(detected)} ms, ${Math.max(...detected)} ms`
      lines.push(
        row(
          kind,
          String(figures.count),
          String(detected.length),
          after,
          `${Math.max(0, ...gaps)} ms`,
          String(figures.errors),
          String(figures.inDoubt),
        ),
      )
    }
    return lines
  }

  #addBuffers({ buffers }: Evidence): void {
    if (!buffers) return
    const { requests, answers, spooledBytes, troubles } = buffers
    this.#buffered.requests += requests
    this.#buffered.answers += answers
    this.#buffered.spooledBytes += spooledBytes
    for (const [why, count] of Object.entries(troubles)) increase(this.#troubles, why, count)
  }

  #addRequest(seen: Seen, evidence: Evidence): void {
    const figures = this.#kinds.get(seen.kind) ?? { asked: 0, failed: new Map<string, number>() }
    this.#kinds.set(seen.kind, figures)
    figures.asked += 1
    increase(this.#protocols, seen.protocol)
    if (isGood(seen)) return
    increase(figures.failed, seen.end === 'answered' ? seen.code || String(seen.status) : seen.end)
    const entry = evidence.access.get(seen.id)?.[0]
    const excuse = promiseOf(seen.kind) === 'once' ? undefined : excuseFor(seen, entry, evidence)
    if (excuse) increase(this.#excuses, excuse)
    const faults = faultsAround(evidence.episodes, seen.node || entry?.upstream || '?', seen)
    // The one that was there, else one that it had not yet recovered from.
    const there = faults.filter(({ endMs }) => endMs + AFTER_MS >= seen.startMs)
    for (const { kind } of there.length > 0 ? there : faults) {
      const fault = this.#of(kind)
      fault.errors += 1
      if (seen.code === 'in-doubt') fault.inDoubt += 1
    }
  }

  #addFault({ kind, node, startMs, endMs, wellMs }: Episode, { log }: Evidence, good: readonly number[]): void {
    const figures = this.#of(kind)
    figures.count += 1
    const away = log.find(line => {
      const atMs = Date.parse(line.time)
      return line.upstream === node && line.to === 'out' && atMs >= startMs && atMs <= wellMs
    })
    if (away) figures.detected.push(Date.parse(away.time) - startMs)
    const untilMs = endMs + AFTER_MS
    const times = [startMs, ...good.filter(atMs => atMs >= startMs && atMs <= untilMs)]
    // Without load there is no gap to see.
    if (good.some(atMs => atMs > untilMs)) times.push(untilMs)
    figures.gaps.push(Math.max(0, ...times.slice(1).map((atMs, i) => atMs - times[i]!)))
  }

  #of(kind: FaultKind): FaultFigures {
    const figures = this.#faults.get(kind) ?? { count: 0, detected: [], gaps: [], errors: 0, inDoubt: 0 }
    this.#faults.set(kind, figures)
    return figures
  }
}

function increase(map: Map<string, number>, key: string, by = 1): void {
  map.set(key, (map.get(key) ?? 0) + by)
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([key, count]) => `${count} ${key}`).join(', ')
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

const WIDTHS = [22, 8, 9, 26, 14, 8, 8]

function row(...cells: readonly string[]): string {
  return cells.map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0)).join(' ')
}
