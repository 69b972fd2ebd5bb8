// The life of a generator's process, as harness/own-load.ts drives it: opens its connections and says OPEN, runs when a line comes in,
// says RESULT, and holds the connections until its input ends, so that memory can be read while they stand.
import { once } from 'node:events'
import type { LoadResult } from './result.ts'

export interface Order {
  readonly scenario: string
  readonly port: number
  readonly seconds: number
  readonly connections: number
  /** Requests a second; 0 = each connection sends its next request as soon as the last one is answered. */
  readonly ratePerS: number
}

/** What a generator does; its order is the process's only argument. */
export interface Generator {
  /** Resolves when every connection stands. */
  open(): Promise<void>
  run(): Promise<LoadResult>
}

export async function generate(create: (order: Order) => Generator): Promise<void> {
  const generator = create(JSON.parse(process.argv[2] ?? '{}'))
  const ended = once(process.stdin, 'end')
  const go = once(process.stdin, 'data')
  await generator.open()
  process.stdout.write('OPEN\n')
  await Promise.race([go, ended])
  if (!process.stdin.readableEnded) process.stdout.write(`RESULT ${JSON.stringify(await generator.run())}\n`)
  await ended
  process.exit(0)
}
