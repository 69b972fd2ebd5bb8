// The work on configurations that grows with their size: to read one and hold it against another, and to mask one. Each is a function of
// what it is given, so that it may run in any thread.

import { isDeepStrictEqual } from 'node:util'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { Grants } from '../read/grants.ts'
import { type Loaded, loadBytes, loadConfig } from '../read/load.ts'
import { type Diff, diffSnapshots } from '../shown/diff.ts'
import { maskConfiguration } from '../shown/mask.ts'

/** A configuration that was read, and what it would change. */
export interface Read {
  readonly loaded: Loaded
  /** Undefined = it was refused, or there is nothing to hold it against. */
  readonly comparison: Comparison | undefined
}

export interface Comparison {
  /** Nothing would change. */
  readonly same: boolean
  readonly diff: Diff
}

/** What a configuration is read from. */
export interface Origin {
  /** Undefined = it is in the file. */
  readonly text?: string
  /** Names the configuration in problems; files that it names are looked for beside it. */
  readonly file: string
  readonly env: NodeJS.ProcessEnv
  /** See `loadConfig`. */
  readonly purpose?: 'change' | 'start'
  /** All that it may use; undefined = whatever vigia may. */
  readonly grants?: Grants | undefined
}

export interface Jobs {
  /** @param against what is in use */
  read(origin: Origin, against?: Snapshot): Read
  /** See `maskConfiguration`. */
  mask(text: string): string
}

export const jobs: Jobs = {
  read({ text, file, env, purpose, grants }, against) {
    const loaded =
      text === undefined
        ? loadConfig(file, env, 1, purpose)
        : loadBytes(new TextEncoder().encode(text), file, env, 1, purpose, grants)
    return { loaded, comparison: against && loaded.ok ? compare(against, loaded.snapshot) : undefined }
  },
  mask: maskConfiguration,
}

/** The revision is no difference. */
export function isSame(before: Snapshot, after: Snapshot): boolean {
  return isDeepStrictEqual({ ...before, revision: 0 }, { ...after, revision: 0 })
}

export function compare(before: Snapshot, after: Snapshot): Comparison {
  const same = isSame(before, after)
  return { same, diff: same ? { changes: [], total: 0 } : diffSnapshots(before, after) }
}
