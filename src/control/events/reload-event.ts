// What became of a reload, whoever asked for it. Types only.

import type { LoadedSnapshot } from '../../config/read/load.ts'
import type { Diff } from '../../config/shown/diff.ts'

/** Who asked: `program` = whoever embeds vigia. */
export type ConfigurationSource = 'start' | 'file' | 'signal' | 'api' | 'cli' | 'program'
export type ReloadResult = 'applied' | 'unchanged' | 'refused'

/** Who wants another configuration. */
export interface ReloadRequest {
  readonly source: ConfigurationSource
  /** Name of who asks; undefined = nobody, it came by itself. */
  readonly by?: string | undefined
  /** One line. */
  readonly reason?: string | undefined
  /** Also in a change freeze, which the reason has to be good for. */
  readonly override?: boolean | undefined
}

export type ReloadEvent = {
  readonly type: 'reload'
  /** Epoch ms. */
  readonly atMs: number
  readonly request: ReloadRequest
  /** In use after it. */
  readonly revision: number
  /** What was read; undefined = a program handed a configuration over, and learns itself what became of it. */
  readonly input: ReloadInput | undefined
} & (
  | {
      readonly result: 'applied' /** Undefined = it was not read from a text. */
      readonly applied?: AppliedConfiguration
    }
  | { readonly result: 'unchanged' }
  /** One line each, at least one. */
  | {
      readonly result: 'refused'
      readonly problems: readonly string[]
      /** By a change freeze: there may be nothing wrong with it. */
      readonly frozen: boolean
      /** It is tried again when the freeze is over. */
      readonly waits: boolean
    }
)

export interface ReloadInput {
  /** As it is to be named to people: the file's path, or what else was given. */
  readonly name: string
  /** Path of the configuration file. */
  readonly file: string
  /** False = the log has said the same already. */
  readonly isNews: boolean
}

export interface AppliedConfiguration {
  readonly loaded: LoadedSnapshot
  /** Revision until then. */
  readonly former: number
  readonly diff: Diff
}
