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
}

const CLIENTS = 3
const ROUNDS = 3
const RELOAD_MS = 3_000
const KILL_MS = 4_000
const SERVES_AGAIN_MS = 30_000

let orders = 0

/** Every case, by several clients at once, each in an order of its own. @param keeps connections, as browsers do */
export async function inHealth(port: number, keeps: boolean): Promise<Seen> {
  const log = new Log()
  const client = async (number: number) => {
    const visitor = new Visitor(port, keeps)
    for (let i = 0; i < CASES.length * ROUNDS; i += 1) {
      const { name, run } = CASES[(i * 5 + number * 7) % CASES.length]!
      const id = nextId()
      log.note(name, await run(visitor, id), id)
    }
    visitor.close()
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)))
  return log
}

/** GETs and orders while the server reloads. */
export async function inReload(port: number, keeps: boolean, node: Node): Promise<Seen> {
  const log = new Log()
  const timer = setTimeout(() => node.reload(), RELOAD_MS / 3)
  await load(port, keeps, log, () => false, RELOAD_MS)
  clearTimeout(timer)
  return log
}

export interface Killed extends Seen {
  readonly inDoubt: number | undefined
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
  await Promise.all([load(port, true, log, () => !back, KILL_MS), fault])
  return { outcomes: log.outcomes, acknowledged: log.acknowledged, inDoubt: await inDoubt() }
}

/** @param goesOn whether it lasts longer than `ms` */
async function load(port: number, keeps: boolean, log: Log, goesOn: () => boolean, ms: number): Promise<void> {
  const started = performance.now()
  const isOn = () => {
    const past = performance.now() - started
    return past < ms || (goesOn() && past < ms + SERVES_AGAIN_MS)
  }
  const client = async () => {
    const visitor = new Visitor(port, keeps)
    while (isOn()) {
      log.note('GET', await visitor.ask({ path: '/hello' }), '')
      const id = nextId()
      const order = { method: 'POST', path: '/order?ms=20', fields: [`X-Id: ${id}`], length: 100 }
      log.note('POST', await visitor.ask(order), id)
    }
    visitor.close()
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
}

class Log implements Seen {
  readonly outcomes: Outcomes = new Map()
  readonly acknowledged: string[] = []

  note(name: string, outcome: string, id: string): void {
    const seen = this.outcomes.get(name) ?? new Map<string, number>()
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    this.outcomes.set(name, seen)
    if (outcome.includes('200 order')) this.acknowledged.push(id)
  }
}

function nextId(): string {
  orders += 1
  return `${process.pid}-${orders}`
}
