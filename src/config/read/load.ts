// Reads a configuration file into a snapshot: YAML -> environment -> schema -> cross-checks -> files -> compile.
// All problems are reported at once, each with its place; nothing is half applied, and nothing throws.

import { readFileSync } from 'node:fs'
import { availableParallelism, networkInterfaces } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { Snapshot } from '../../plan/snapshot.ts'
import { advise } from '../advice/advise.ts'
import { isAllowed } from '../advice/allowed.ts'
import {
  type ConfigDocument,
  certificatePairs,
  clientAuthorities,
  compile,
  crossCheck,
  namedFiles,
  type Surroundings,
  ticketKeyFile,
} from '../document.ts'
import { error, type Finding, formatPath, type PlacedAdvice, type Problem, shorten, warning } from '../forms/problem.ts'
import type { Horizon } from '../parts/maintenance/maintenance.ts'
import { type CheckedCertificate, type LookedAt, lookAtCertificates } from './certificates.ts'
import { type Expansion, expandEnvironment, withoutValues } from './environment.ts'
import { type Files, readFiles, whyUnreadable } from './files.ts'
import { checkGrants, type Grants, grantsOf } from './grants.ts'
import { parseKept, readSource } from './include/read-source.ts'
import { fingerprint, fingerprintOfFailure, type Inputs } from './inputs.ts'
import { stillHolds } from './repair.ts'
import { locate, type Source, type SourceFile } from './source.ts'
import { uncoveredHosts } from './uncovered-hosts.ts'
import { validate } from './validate.ts'

export type Loaded = LoadedSnapshot | RefusedConfig

export interface LoadedSnapshot {
  readonly ok: true
  readonly snapshot: Snapshot
  readonly warnings: readonly Problem[]
  /** What is legal but unwise, and not allowed by a comment: `[CODE]` ends each message. In the order of the file. */
  readonly advice: readonly PlacedAdvice[]
  /** The document as it was read, all files of it, secrets and all: to be shown only through shown/mask.ts. */
  readonly text: string
  /** What the configuration file alone says; undefined = the text that was given is that of several files. */
  readonly own: string | undefined
  /** Absolute paths of the files that it includes. */
  readonly included: readonly string[]
  readonly inputs: Inputs
  /** Those that it names: read and watched by who serves them, they are not among `inputs`. */
  readonly certificates: readonly CheckedCertificate[]
  /** What it gives to those that come over the admin API, where it is that of the file. */
  readonly grants: Grants
}

/** All that a configuration was made of, for those that explain it. */
export interface Reading {
  readonly ok: true
  readonly loaded: LoadedSnapshot
  readonly source: Source
  readonly expansion: Expansion
  /** Before any default. */
  readonly config: ConfigDocument
  readonly surroundings: Surroundings
  /** The rules between parts, also for another document. */
  readonly check: (config: ConfigDocument) => readonly Finding[]
}

export interface RefusedConfig {
  readonly ok: false
  readonly problems: readonly Problem[]
  /** The files that were read before it was refused. */
  readonly inputs: Inputs
}

/** Nobody reads more than that. */
const MOST_PROBLEMS = 100
const NO_FILES: Files = { contents: new Map(), inputs: new Map(), findings: [] }
const NO_CERTIFICATES: LookedAt = { inputs: new Map(), findings: [], certificates: [] }

/**
 * @param revision of the snapshot: one more than the last applied one
 * @param purpose `start`: windows that would collide only warn, since what ran must be able to run again
 */
export function loadConfig(
  file: string,
  env: NodeJS.ProcessEnv,
  revision = 1,
  purpose: 'change' | 'start' = 'change',
): Loaded {
  return loadedOf(readConfig(file, env, revision, purpose))
}

/** The same, with what it was made of. */
export function readConfig(
  file: string,
  env: NodeJS.ProcessEnv,
  revision = 1,
  purpose: 'change' | 'start' = 'change',
): Reading | RefusedConfig {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    const message = `the configuration file ${whyUnreadable((cause as NodeJS.ErrnoException).code)}: name another with --config FILE`
    const problems: Problem[] = [{ severity: 'error', file, line: 1, column: 1, path: '', message }]
    return { ok: false, problems, inputs: new Map([[resolve(file), fingerprintOfFailure(cause)]]) }
  }
  return readBytes(bytes, file, env, { revision, purpose })
}

/**
 * The same for a configuration that is in memory; `file` names it in problems, and files are looked for beside it.
 * @param grants all that it may use; undefined = whatever vigia may
 */
export function loadBytes(
  bytes: Uint8Array,
  file: string,
  env: NodeJS.ProcessEnv,
  revision = 1,
  purpose: 'change' | 'start' = 'change',
  grants?: Grants,
): Loaded {
  return loadedOf(readBytes(bytes, file, env, { revision, purpose, grants }))
}

function loadedOf(read: Reading | RefusedConfig): Loaded {
  return read.ok ? read.loaded : read
}

interface ReadOptions {
  readonly revision: number
  readonly purpose: 'change' | 'start'
  readonly grants?: Grants | undefined
}

/** The same for bytes, with what it was made of. */
export function readBytes(
  bytes: Uint8Array,
  file: string,
  env: NodeJS.ProcessEnv,
  { revision, purpose, grants }: ReadOptions,
): Reading | RefusedConfig {
  // 1. Text to YAML.
  const { parsed, whole, own, includes, included, inputs: others } = readSource(bytes, file, grants)
  const inputs = new Map([[resolve(file), fingerprint(bytes)], ...others])
  if (!parsed.ok) return { ok: false, problems: parsed.problems.slice(0, MOST_PROBLEMS), inputs }
  const { source } = parsed

  // 2. `${ENV}`, then the schema. Where that refuses something, the rest is still looked through.
  const expansion = expandEnvironment(source, env, grants?.environment)
  const valid = validate(source, expansion)
  const folder = dirname(resolve(file))
  const horizon: Horizon = { nowMs: Date.now(), severity: purpose === 'start' ? 'warning' : 'error' }
  if (!valid.ok) {
    const { findings, rest } = valid
    const looked = rest && lookThrough(rest.config, folder, horizon, grants)
    const further = looked ? looked.findings.filter(found => stillHolds(found, rest.missing)) : []
    const read = new Map([...inputs, ...(looked?.inputs ?? []), ...(looked?.live.inputs ?? [])])
    return refused(source, [...findings, ...further], expansion, read)
  }

  // 3. Rules between parts, and the files that the document names.
  const { findings, contents, inputs: named, live } = lookThrough(valid.config, folder, horizon, grants)
  if (valid.config.include !== undefined && source.joined === undefined)
    findings.push(error([], 'the key include cannot be merged in by <<: write it as a key of the file'))
  const all = new Map([...inputs, ...named])
  const isRefused = [...expansion.findings, ...findings].some(({ severity }) => severity === 'error')
  // A certificate that could not be served may be there in a moment.
  if (isRefused) return refused(source, findings, expansion, new Map([...all, ...live.inputs]))

  // 4. Defaults and units.
  const surroundings: Surroundings = {
    revision,
    cores: availableParallelism(),
    files: contents,
    resolvePath: path => resolve(folder, path),
  }
  const snapshot = compile(valid.config, surroundings)
  const given = grantsOf(valid.config, folder, { includes, environment: expansion.names })
  const warnings = inOrder(source, findings, expansion)
  const loaded: LoadedSnapshot = {
    ok: true,
    snapshot,
    warnings,
    advice: adviceOn(source, snapshot),
    text: whole,
    own,
    included,
    inputs: all,
    certificates: live.certificates,
    grants: given,
  }
  const check = (config: ConfigDocument) => crossCheck(config, horizon, addressesOfThisMachine())
  return { ok: true, loaded, source, expansion, config: valid.config, surroundings, check }
}

function adviceOn(source: Source, snapshot: Snapshot): PlacedAdvice[] {
  const lines = new Map(filesOf(source).map(({ file, text }) => [file, text.split('\n')]))
  return advise(snapshot)
    .map(({ code, path, message }) => {
      const place = locate(source, warning(path, `${message} [${code}]`, 'key'))
      return { ...place, severity: 'advice' as const, code }
    })
    .filter(({ file, line, code }) => !isAllowed(lines.get(file) ?? [], line, code))
    .sort(byPlace(source))
}

function filesOf(source: Source): readonly SourceFile[] {
  return source.joined?.files ?? [source]
}

function byPlace(source: Source): (a: Placed, b: Placed) => number {
  const files = new Map(filesOf(source).map(({ file }, i) => [file, i]))
  return (a, b) => files.get(a.file)! - files.get(b.file)! || a.line - b.line || a.column - b.column
}

type Placed = Pick<Problem, 'file' | 'line' | 'column'>

/** Findings about a configuration that was loaded, with their places. @param file as it was named */
export function placed({ text }: LoadedSnapshot, file: string, findings: readonly Finding[]): Problem[] {
  const parsed = parseKept(text, file)
  return parsed.ok ? findings.map(finding => locate(parsed.source, finding)) : []
}

function lookThrough(config: ConfigDocument, folder: string, horizon: Horizon, grants: Grants | undefined) {
  const beyond = grants === undefined ? [] : [...checkGrants(config, folder, grants)]
  // Where it names what it may not, no file is looked at: what is said of one would tell something.
  const files = beyond.length > 0 ? NO_FILES : readFiles(namedFiles(config), folder, grants?.folders)
  const named = {
    pairs: certificatePairs(config),
    authorities: clientAuthorities(config),
    ticketKey: ticketKeyFile(config),
  }
  const options = { folder, guarded: grants?.folders, nowMs: horizon.nowMs, ifTime: horizon.severity }
  const live = beyond.length > 0 ? NO_CERTIFICATES : lookAtCertificates(named, options)
  const checks = crossCheck(config, horizon, addressesOfThisMachine())
  const uncovered = uncoveredHosts(config, live.certificates)
  return { ...files, live, findings: [...checks, ...beyond, ...files.findings, ...live.findings, ...uncovered] }
}

function addressesOfThisMachine(): string[] {
  return Object.values(networkInterfaces()).flatMap(each => each?.map(({ address }) => address) ?? [])
}

function refused(source: Source, findings: readonly Finding[], expansion: Expansion, inputs: Inputs): RefusedConfig {
  // What follows from a missing variable is not another problem.
  const unset = new Set(expansion.findings.map(({ path }) => formatPath(path)))
  const further = findings.filter(({ path }) => !unset.has(formatPath(path)))
  const problems = inOrder(source, [...expansion.findings, ...further], expansion)
  if (problems.length <= MOST_PROBLEMS) return { ok: false, problems, inputs }
  const rest = locate(source, error([], `${problems.length - MOST_PROBLEMS} more problems are not shown`))
  return { ok: false, problems: [...problems.slice(0, MOST_PROBLEMS), rest], inputs }
}

function inOrder(source: Source, findings: readonly Finding[], expansion: Expansion): Problem[] {
  return findings
    .map(finding => locate(source, { ...finding, message: shorten(withoutValues(finding.message, expansion)) }))
    .sort(byPlace(source))
}
