// Compiles where the store is and how long it keeps what. Pure, like compile.ts, and like it on valid documents only.

import type { StorePlan } from '../../plan/admin.ts'
import { DEFAULTS } from '../defaults.ts'
import type { ConfigDocument } from '../schema.ts'

export function compileStore(
  store: ConfigDocument['store'],
  resolvePath: (path: string) => string,
): StorePlan | undefined {
  if (store === undefined || store === false) return undefined
  const { path, keepDays } = typeof store === 'string' ? { path: store, keepDays: undefined } : store
  return { path: resolvePath(path), keepDays: { ...DEFAULTS.store.keepDays, ...keepDays } }
}
