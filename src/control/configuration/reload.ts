// Reads the configuration again when somebody asks or its files change: load -> check -> diff -> apply -> every worker acknowledges -> tell.
// What can't be used changes nothing; what is in use already is not applied again. One after the other.

import type { ReloadOutcome } from '../../admin/contract/reload.ts'
import { maskAside } from '../../config/aside/aside.ts'
import { type Comparison, compare, type Read } from '../../config/aside/jobs.ts'
import { formatProblem } from '../../config/forms/problem.ts'
import type { Grants } from '../../config/read/grants.ts'
import type { Loaded, LoadedSnapshot } from '../../config/read/load.ts'
import { InputWatch } from '../../config/read/watch.ts'
import { changeText } from '../../config/shown/diff.ts'
import type { Logger } from '../../logging/logger.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { Serial } from '../../util/serial.ts'
import type { ConfigurationSource, ReloadEvent, ReloadInput, ReloadRequest } from '../events/reload-event.ts'
import { Frozen } from './configuration-freeze.ts'
import type { ConfigurationInUse } from './in-use.ts'

/** Where the configuration comes from. */
export interface ConfigurationFile {
  /** As it was given on the command line. */
  readonly path: string
  /** What vigia starts with. */
  readonly loaded: LoadedSnapshot
  /** Reads it again. @param against what is in use */
  load(against: Snapshot): Promise<Read>
}

/** What a configuration was held against, and what came of it. */
export interface Compared {
  readonly against: Snapshot
  readonly comparison: Comparison
}

interface Usable {
  readonly loaded: LoadedSnapshot
  readonly comparison: Comparison
}

export interface ReloaderOptions {
  readonly file: ConfigurationFile
  readonly logger: Logger
  readonly inUse: Pick<ConfigurationInUse, 'take' | 'revision'>
  readonly tell: (event: ReloadEvent) => void
}

export class Reloader {
  readonly #options: ReloaderOptions
  readonly #watch: InputWatch
  /** As it was read: what the process can't take over while it runs is still another value in here. */
  #loaded: LoadedSnapshot
  #grants: Grants
  /** Of the newest reload; '' = it was fine. */
  #problems = ''
  readonly #turns = new Serial()
  #watches = false
  /** Has not begun to read yet. */
  #next: Promise<ReloadOutcome> | undefined

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#loaded = options.file.loaded
    this.#grants = options.file.loaded.grants
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
  masked(): Promise<string> {
    return maskAside(this.#loaded.text)
  }

  /** In use, as it was read: secrets and all. */
  get loaded(): LoadedSnapshot {
    return this.#loaded
  }

  /** What the file gives to configurations that come over the admin API: the newest that was used. */
  get grants(): Grants {
    return this.#grants
  }

  /**
   * Puts a configuration into use that need not be what the file says; the next reload takes the file's again. Never rejects.
   * @param compared what it was held against when it was read, where that is known
   */
  use(loaded: LoadedSnapshot, request: ReloadRequest, compared?: Compared): Promise<ReloadOutcome> {
    return this.#inTurn(request, () => {
      const before = this.#loaded.snapshot
      const comparison = compared?.against === before ? compared.comparison : compare(before, loaded.snapshot)
      return this.#take({ loaded, comparison }, request, 'the configuration that was given')
    })
  }

  /** Reads the file. Never rejects. Whoever asks while another one is under way gets one that begins after it. */
  reload(source: ConfigurationSource, who: Omit<ReloadRequest, 'source'> = {}): Promise<ReloadOutcome> {
    // One that overrides a freeze is for whoever has a reason for that, not for those that happen to ask as well.
    if (this.#next !== undefined && who.override !== true) return this.#next
    const request = { ...who, source }
    const next: Promise<ReloadOutcome> = this.#inTurn(request, async () => {
      if (this.#next === next) this.#next = undefined
      return this.#reload(request)
    })
    if (who.override !== true) this.#next = next
    return next
  }

  #inTurn(request: ReloadRequest, job: () => Promise<ReloadOutcome>): Promise<ReloadOutcome> {
    return this.#turns.run(async () => {
      try {
        return await job()
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error)
        return this.#refuse(request, [problem], error instanceof Frozen)
      }
    })
  }

  async #reload(request: ReloadRequest): Promise<ReloadOutcome> {
    const before = this.#loaded.snapshot
    const { loaded, comparison } = await this.#options.file.load(before)
    this.#follow(loaded)
    if (loaded.ok) {
      const read = { loaded, comparison: comparison ?? compare(before, loaded.snapshot) }
      const outcome = await this.#take(read, request, this.#options.file.path)
      this.#grants = loaded.grants
      return outcome
    }
    const errors = loaded.problems.filter(({ severity }) => severity === 'error')
    return this.#refuse(request, errors.map(formatProblem))
  }

  /** @param name of the configuration, for people */
  async #take({ loaded, comparison }: Usable, request: ReloadRequest, name: string): Promise<ReloadOutcome> {
    const { inUse, tell } = this.#options
    if (comparison.same) {
      this.#loaded = loaded
      const isNews = request.source !== 'file' || this.#problems !== ''
      this.#problems = ''
      tell({ ...this.#about(request, { name, isNews }), result: 'unchanged' })
      return { result: 'unchanged', revision: inUse.revision }
    }

    const { revision: former } = inUse
    const { override, by = 'vigia', reason = '' } = request
    const source = request.source === 'cli' ? 'cli' : 'api'
    const revision = await inUse.take(loaded.snapshot, override ? { by, reason, source } : undefined)
    this.#use(loaded)
    this.#problems = ''
    const { diff } = comparison
    tell({ ...this.#about(request, { name, isNews: true }), result: 'applied', applied: { loaded, former, diff } })
    const changes = diff.changes.map(changeText)
    const warnings = loaded.warnings.map(formatProblem)
    return { result: 'applied', revision, changes, total: diff.total, warnings }
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

  #refuse(request: ReloadRequest, problems: readonly string[], frozen = false): ReloadOutcome {
    const { file, tell } = this.#options
    const all = problems.join('\n')
    const isNews = request.source !== 'file' || all !== this.#problems
    this.#problems = all
    tell({ ...this.#about(request, { name: file.path, isNews }), result: 'refused', problems })
    return { result: 'refused', problems, ...(frozen ? { frozen } : {}) }
  }

  #about(request: ReloadRequest, { name, isNews }: Pick<ReloadInput, 'name' | 'isNews'>) {
    const { file, inUse } = this.#options
    const input = { name, file: file.path, isNews }
    return { type: 'reload', atMs: Date.now(), request, revision: inUse.revision, input } as const
  }
}
