// Reads the configuration again when somebody asks or its files change: load -> check -> diff -> apply -> every worker acknowledges.
// What can't be used changes nothing and says why; what is in use already is not applied again. One after the other.

import { isDeepStrictEqual } from 'node:util'
import type { ReloadOutcome } from '../../admin/routes/configuration.ts'
import { formatProblem } from '../../config/forms/problem.ts'
import type { Loaded, LoadedSnapshot } from '../../config/read/load.ts'
import { InputWatch } from '../../config/read/watch.ts'
import { changeText, type Diff, diffSnapshots, diffText } from '../../config/shown/diff.ts'
import { maskConfiguration } from '../../config/shown/mask.ts'
import type { Logger } from '../../logging/logger.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { Serial } from '../../util/serial.ts'
import { FrozenError } from '../orders/freeze-guard.ts'
import type { ConfigurationSource, ReloadRecord } from './reload-record.ts'

/** Where the configuration comes from. */
export interface ConfigurationFile {
  /** As it was given on the command line. */
  readonly path: string
  /** What vigia starts with. */
  readonly loaded: LoadedSnapshot
  /** Reads it again. */
  load(): Loaded
}

export interface ReloaderOptions {
  readonly file: ConfigurationFile
  readonly logger: Logger
  readonly record: ReloadRecord
  /** Resolves with its revision when every worker serves it; rejects, all as before, where one can't. */
  readonly apply: (snapshot: Snapshot, wish: Wish) => Promise<number>
  /** Of the configuration in use. */
  readonly revision: () => number
  /** Every worker serves another configuration now. */
  readonly onApplied?: (applied: AppliedConfiguration) => void
}

/** Who wants another configuration. */
export interface Wish {
  readonly source: ConfigurationSource
  /** Name of who asks; undefined = nobody, it came by itself. */
  readonly by?: string | undefined
  /** One line. */
  readonly reason?: string | undefined
  /** Also in a change freeze, which the reason has to be good for. */
  readonly override?: boolean | undefined
}

export interface AppliedConfiguration extends Wish {
  readonly loaded: LoadedSnapshot
  readonly former: number
  readonly revision: number
  readonly diff: Diff
}

const BECAUSE: Readonly<Record<ConfigurationSource, string>> = {
  start: 'start',
  file: 'its files changed',
  signal: 'SIGHUP',
  api: 'asked for over the admin API',
  cli: 'asked for on the command line',
  program: 'asked for by the program',
}

export class Reloader {
  readonly #options: ReloaderOptions
  readonly #watch: InputWatch
  /** As it was read: what the process can't take over while it runs is still another value in here. */
  #loaded: LoadedSnapshot
  /** Problems that the log has told already; '' = the newest reload was fine. */
  #told = ''
  readonly #running = new Serial()
  #watches = false
  /** Has not begun to read yet. */
  #next: Promise<ReloadOutcome> | undefined

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#loaded = options.file.loaded
    this.#watch = new InputWatch({
      onChange: () => void this.reload('file'),
      onDeaf: why => options.logger.warn(`watching the configuration: ${why}`),
    })
  }

  /** From now on changes of the files are applied as they come, if the configuration wants that. */
  start(): void {
    this.#watches = this.#loaded.snapshot.watch === true
    if (this.#watches) this.#watch.follow(this.#loaded.inputs)
  }

  close(): void {
    this.#watch.close()
  }

  /** The configuration in use as YAML, without secrets. */
  masked(): string {
    return maskConfiguration(this.#loaded.text)
  }

  /** In use, as it was read: secrets and all. */
  get loaded(): LoadedSnapshot {
    return this.#loaded
  }

  /** Puts a configuration into use that need not be what the file says; the next reload takes the file's again. Never rejects. */
  use(loaded: LoadedSnapshot, wish: Wish): Promise<ReloadOutcome> {
    const why = becauseOf(wish)
    return this.#running.run(async () => {
      try {
        return await this.#take(loaded, wish, why, 'the configuration that was given')
      } catch (error) {
        return this.#refuse(
          wish.source,
          why,
          [error instanceof Error ? error.message : String(error)],
          error instanceof FrozenError,
        )
      }
    })
  }

  /** Reads the file. Never rejects. Whoever asks while another one is under way gets one that begins after it. */
  reload(source: ConfigurationSource, who: Omit<Wish, 'source'> = {}): Promise<ReloadOutcome> {
    // One that overrides a freeze is for whoever has a reason for that, not for those that happen to ask as well.
    if (this.#next !== undefined && who.override !== true) return this.#next
    const wish = { ...who, source }
    const why = becauseOf(wish)
    const next: Promise<ReloadOutcome> = this.#running.run(async () => {
      if (this.#next === next) this.#next = undefined
      try {
        return await this.#reload(wish, why)
      } catch (error) {
        return this.#refuse(
          source,
          why,
          [error instanceof Error ? error.message : String(error)],
          error instanceof FrozenError,
        )
      }
    })
    if (who.override !== true) this.#next = next
    return next
  }

  async #reload(wish: Wish, why: string): Promise<ReloadOutcome> {
    const loaded = this.#options.file.load()
    this.#follow(loaded)
    if (!loaded.ok) {
      const errors = loaded.problems.filter(({ severity }) => severity === 'error')
      return this.#refuse(wish.source, why, errors.map(formatProblem))
    }
    return this.#take(loaded, wish, why, this.#options.file.path)
  }

  async #take(loaded: LoadedSnapshot, wish: Wish, why: string, name: string): Promise<ReloadOutcome> {
    const { record, logger, revision } = this.#options
    const { source } = wish
    const before = this.#loaded.snapshot
    if (isDeepStrictEqual({ ...loaded.snapshot, revision: 0 }, { ...before, revision: 0 })) {
      this.#loaded = loaded
      record.add('unchanged', source, Date.now())
      const isNews = source !== 'file' || this.#told !== ''
      this.#told = ''
      const text = `${name} says what is in use already: nothing to apply, revision ${revision()} stays`
      logger[isNews ? 'info' : 'debug'](text)
      return { result: 'unchanged', revision: revision() }
    }

    const former = revision()
    const applied = await this.#options.apply(loaded.snapshot, wish)
    this.#use(loaded)
    this.#told = ''
    record.add('applied', source, Date.now())
    const warnings = loaded.warnings.map(formatProblem)
    for (const warning of warnings) logger.warn(warning)
    const diff = diffSnapshots(before, loaded.snapshot)
    this.#options.onApplied?.({ ...wish, loaded, former, revision: applied, diff })
    const changes = diff.changes.map(changeText)
    logger.info({ revision: applied, changes }, `${name} is in use, revision ${applied} (${why}); ${diffText(diff)}`)
    return { result: 'applied', revision: applied, changes, total: diff.total, warnings }
  }

  /** What was read is what changes are judged by from now on, also where it can't be used: each content is tried once. */
  #follow({ ok, inputs }: Loaded): void {
    if (!this.#watches) return
    // A refused document may not tell all the files that it names.
    if (ok) this.#watch.follow(inputs)
    else this.#watch.followAlso(inputs)
  }

  #use(loaded: LoadedSnapshot): void {
    this.#loaded = loaded
    const watches = loaded.snapshot.watch === true
    if (watches === this.#watches) return
    this.#watches = watches
    this.#watch.follow(watches ? loaded.inputs : new Map())
  }

  #refuse(source: ConfigurationSource, why: string, problems: readonly string[], frozen = false): ReloadOutcome {
    const { file, record, logger } = this.#options
    const rest = problems.length - 1
    record.add('refused', source, Date.now(), `${problems[0]}${rest > 0 ? ` (and ${rest} more)` : ''}`)
    const all = problems.join('\n')
    const level = source === 'file' && all === this.#told ? 'debug' : 'error'
    this.#told = all
    for (const problem of problems) logger[level](problem)
    logger[level](`reload failed (${why}): ${file.path} can't be used; the former configuration stays`)
    return { result: 'refused', problems, ...(frozen ? { frozen } : {}) }
  }
}

function becauseOf({ source, by }: Wish): string {
  return by === undefined ? BECAUSE[source] : `${BECAUSE[source]} by ${by}`
}
