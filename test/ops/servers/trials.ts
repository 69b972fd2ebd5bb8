// The trials that a server goes through: in health, in a reload of its own, and as one of two of which one is killed.

import { sleep } from '../../support/until.ts'
import { CASES } from './cases.ts'
import { Visitor } from './client.ts'
import type { Front } from './fronts.ts'
import type { Node } from './node.ts'

/** How often each outcome was seen, by case. */
export type Outcomes = Map<string, Map<string, number>>

export interface Seen {
  readonly outcomes: Outcomes
  /** Ids of orders that were answered 200. */
  readonly acknowledged: readonly string[]
  /** The longest time that an answer took, ms. */
  readonly slowestMs: number
}

/** How a trial is gone through. */
export interface Manner {
  /** Connections are kept, as browsers do; else each request has one of its own. */
  readonly keeps: boolean
  /** From when on an answer counts as slow, ms; undefined = never. */
  readonly slowMs?: number
  /** Cases that are left out. */
  readonly lacks?: readonly string[] | undefined
}

const CLIENTS = 3
const ROUNDS = 3
/** Directly, so that what is rare is seen there too. */
const DIRECT_ROUNDS = 6
const RELOAD_MS = 3_000
const KILL_MS = 4_000
const SERVES_AGAIN_MS = 30_000

let orders = 0

/** Every case, by several clients at once, each in an order of its own. */
export async function inHealth(port: number, { keeps, slowMs, lacks = [] }: Manner): Promise<Seen> {
  const log = new Log()
  const cases = CASES.filter(({ name }) => !lacks.includes(name))
  const rounds = keeps ? ROUNDS : DIRECT_ROUNDS
  const client = async (number: number) => {
    const visitor = new Visitor(port, keeps, slowMs)
    for (let i = 0; i < cases.length * rounds; i += 1) {
      const { name, run } = cases[(i + number * 5) % cases.length]!
      const id = nextId()
      log.note(name, await run(visitor, id), id)
    }
    log.left(visitor)
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)))
  return log
}

/** GETs and orders while the server reloads. */
export async function inReload(port: number, manner: Manner, node: Node): Promise<Seen> {
  const log = new Log()
  const timer = setTimeout(() => node.reload(), RELOAD_MS / 3)
  await load(port, manner, log, () => false, RELOAD_MS)
  clearTimeout(timer)
  return log
}

export interface Killed extends Seen {
  readonly inDoubt: readonly string[] | undefined
}

/** GETs and orders on two nodes, of which the first is killed at a third of the time, and started again at two thirds. */
export async function inKill({ port, inDoubt }: Front, node: Node): Promise<Killed> {
  const log = new Log()
  let back = false
  const fault = (async () => {
    await sleep(KILL_MS / 3)
    await node.kill()
    await sleep(KILL_MS / 3)
    await node.start()
    back = true
  })()
  await Promise.all([load(port, { keeps: true }, log, () => !back, KILL_MS), fault])
  return Object.assign(log, { inDoubt: await inDoubt() })
}

/** @param goesOn whether it lasts longer than `ms` */
async function load(
  port: number,
  { keeps, slowMs }: Manner,
  log: Log,
  goesOn: () => boolean,
  ms: number,
): Promise<void> {
  const started = performance.now()
  const isOn = () => {
    const past = performance.now() - started
    return past < ms || (goesOn() && past < ms + SERVES_AGAIN_MS)
  }
  const client = async () => {
    const visitor = new Visitor(port, keeps, slowMs)
    while (isOn()) {
      log.note('GET', await visitor.ask({ path: '/hello' }), '')
      const id = nextId()
      const order = { method: 'POST', path: '/order?ms=20', fields: [`X-Id: ${id}`], length: 100 }
      log.note('POST', await visitor.ask(order), id)
    }
    log.left(visitor)
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
}

class Log implements Seen {
  readonly outcomes: Outcomes = new Map()
  readonly acknowledged: string[] = []
  slowestMs = 0

  note(name: string, outcome: string, id: string): void {
    const seen = this.outcomes.get(name) ?? new Map<string, number>()
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    this.outcomes.set(name, seen)
    if (outcome.includes('200 order')) this.acknowledged.push(id)
  }

  left(visitor: Visitor): void {
    this.slowestMs = Math.max(this.slowestMs, visitor.slowestMs)
    visitor.close()
  }
}

function nextId(): string {
  orders += 1
  return `${process.pid}-${orders}`
}
