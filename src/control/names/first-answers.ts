// Asks once for the names of a configuration that is not in use: `vigia check`.

import type { Snapshot } from '../../plan/snapshot.ts'
import type { NameState } from '../../policy/names/name-state.ts'
import { Names } from './names.ts'

/** Resolves with what the first answers said, by name, as soon as all are there; what is missing by then has no entry. Never rejects. */
export async function firstAnswers(
  snapshot: Pick<Snapshot, 'pools' | 'dns'>,
  withinMs: number,
): Promise<ReadonlyMap<string, NameState>> {
  const answers = new Map<string, NameState>()
  const { promise, resolve } = Promise.withResolvers<void>()
  const names = new Names({
    tell: ({ host, now }) => {
      answers.set(host, now)
      if (answers.size === names.size) resolve()
    },
    warn: () => {},
  })
  names.follow(snapshot)
  if (names.size === 0) return answers
  const timer = setTimeout(resolve, withinMs)
  await names.start()
  await promise
  clearTimeout(timer)
  names.close()
  return answers
}
