import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { TestKeeper, tempHeldPath } from '../../support/held-keeper.ts'
import { until } from '../../support/until.ts'

const SENDING = fileURLToPath(new URL('../fixtures/held-sending.ts', import.meta.url))
const ROUNDS = 4
const LINES_A_ROUND = 600

interface Line {
  readonly what: string
  readonly id: string
  readonly key: string
  readonly number: number
}

test('kill -9 at any moment, its thread and its workers failing in between: each receipt was carried out once, or is known not to be', async () => {
  const path = tempHeldPath()
  const journal = join(dirname(path), 'journal')
  for (let round = 1; round <= ROUNDS; round += 1) {
    const child = spawn(process.execPath, [SENDING, path, journal, `${round * 1_000_000}`], { stdio: 'ignore' })
    const exit = once(child, 'exit')
    await until('requests are held and sent', () => linesOf(journal).length > round * LINES_A_ROUND)
    child.kill('SIGKILL')
    await exit
  }
  const lines = linesOf(journal)
  const it = new TestKeeper({ path, nowMs: Date.now() })
  const held = lines.filter(({ what }) => what === 'held')
  const sent = Map.groupBy(
    lines.filter(({ what }) => what === 'sent'),
    ({ id }) => id,
  )
  expect(held.length).toBeGreaterThan(100)
  const wrong: string[] = []
  for (const { id, number } of held) {
    const times = sent.get(id)?.length ?? 0
    const state = it.state(id)
    const mayComeTwice = number % 10 === 0
    if (times > 1 && !mayComeTwice) wrong.push(`${number} was sent ${times} times`)
    if (state === 'answered' && times === 0) wrong.push(`${number} is answered, but was not sent`)
    if (state === 'waiting' && times > 0 && !mayComeTwice) wrong.push(`${number} waits, but was sent`)
    if (!['answered', 'waiting', 'in-doubt'].includes(state ?? 'gone')) wrong.push(`${number} is ${state}`)
  }
  // In order: of each key, as they were held, what comes twice apart.
  const firsts = [...sent.values()].map(([first]) => first!)
  for (const of of Map.groupBy(firsts, ({ key }) => key).values()) {
    const numbers = of.map(({ number }) => number)
    const sorted = numbers.toSorted((a, b) => a - b)
    if (numbers.join() !== sorted.join()) wrong.push(`not in order: ${numbers.join()}`)
  }
  expect(wrong).toEqual([])
})

/** A line that is not whole yet is none. */
function linesOf(journal: string): Line[] {
  if (!existsSync(journal)) return []
  return readFileSync(journal, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => {
      const [what, id, key, number] = line.split(' ') as [string, string, string, string]
      return { what, id, key, number: Number(number) }
    })
}
