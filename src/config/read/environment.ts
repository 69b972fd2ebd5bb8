// `${NAME}` and `${NAME:-default}` in the document's texts, `$${` for a literal `${`.
// Expands in place and remembers which values it made: those never appear in a message.

import { isPair, isScalar, isSeq, type Scalar, visit } from 'yaml'
import { error, type Finding, type Path } from '../forms/problem.ts'
import { nodeAt, type Source } from './source.ts'

export interface Expansion {
  /** Names of all variables that are referred to. */
  readonly names: ReadonlySet<string>
  readonly findings: readonly Finding[]
  /** The values that references were in, with the text that the file has there. */
  readonly expanded: ReadonlyMap<unknown, string>
  /** Which variable each value came from. */
  readonly origins: ReadonlyMap<string, string>
}

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g
// biome-ignore lint/suspicious/noTemplateCurlyInString: the text is about such placeholders
const MALFORMED = 'malformed ${...}: expected ${NAME} or ${NAME:-default}; write $${ for a literal ${'
const NAME_AND_DEFAULT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

/** Replaces references in every text value (keys stay as they are). @param allowed names that may be referred to; undefined = all */
export function expandEnvironment(source: Source, env: NodeJS.ProcessEnv, allowed?: readonly string[]): Expansion {
  const findings: Finding[] = []
  const expanded = new Map<unknown, string>()
  const origins = new Map<string, string>()
  const names = new Set<string>()
  const variables: Variables = { env, allowed, names, origins }
  visit(source.document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return
      const problems: string[] = []
      expanded.set(node, node.value)
      node.value = expand(node.value, variables, problems)
      for (const problem of problems) findings.push(error(pathOf(ancestors, node), problem))
    },
  })
  return { findings, expanded, origins, names }
}

/**
 * A text that came from the environment where the schema wants a number or true/false becomes one.
 * Returns whether it changed anything; only then is another validation worth its while.
 */
export function retype(source: Source, paths: Iterable<Path>, { expanded }: Expansion): boolean {
  let changed = false
  for (const path of paths) {
    const node = nodeAt(source, path)
    if (!isScalar(node) || !expanded.has(node) || typeof node.value !== 'string') continue
    const typed = scalarOf(node.value)
    if (typed === undefined) continue
    node.value = typed
    changed = true
  }
  return changed
}

/** The message with the names of variables in place of their values, which may be secrets. */
export function withoutValues(message: string, { origins }: Expansion): string {
  let safe = message
  for (const [value, name] of origins) {
    const inQuotes = JSON.stringify(value)
    safe = safe.replaceAll(inQuotes, () => `"\${${name}}"`)
    // Within other text a very short value would match by chance.
    if (value.length >= SHORTEST_SECRET) safe = safe.replaceAll(inQuotes.slice(1, -1), () => `\${${name}}`)
  }
  return safe
}

const SHORTEST_SECRET = 5

interface Variables {
  readonly env: NodeJS.ProcessEnv
  readonly allowed: readonly string[] | undefined
  readonly names: Set<string>
  readonly origins: Map<string, string>
}

function expand(text: string, { env, allowed, names, origins }: Variables, problems: string[]): string {
  return text.replace(REFERENCE, (whole, inner: string | undefined, close: string | undefined) => {
    if (inner === undefined) return '${'
    const parts = close === '}' ? NAME_AND_DEFAULT.exec(inner) : null
    if (parts === null) {
      problems.push(MALFORMED)
      return whole
    }
    const name = parts[1]!
    names.add(name)
    if (allowed?.includes(name) === false) {
      problems.push(
        `the environment variable ${name} may not be used over the admin API: the configuration file does not use it`,
      )
      return whole
    }
    const value = env[name]
    if (value) origins.set(value, name)
    // Like a shell: `:-` also stands in for an empty value.
    if (parts[2] !== undefined) return value === undefined || value === '' ? parts[2] : value
    if (value !== undefined) return value
    problems.push(`the environment variable ${name} is not set: set it, or write \${${name}:-default}`)
    return whole
  })
}

function scalarOf(text: string): number | boolean | undefined {
  if (/^-?[0-9]{1,15}(\.[0-9]{1,6})?$/.test(text)) return Number(text)
  return text === 'true' ? true : text === 'false' ? false : undefined
}

/** Keys and indices from the document's root to `node`. */
function pathOf(ancestors: readonly unknown[], node: Scalar): Path {
  const chain = [...ancestors, node]
  return chain.flatMap((at, i): Path => {
    if (isPair(at)) return [isScalar(at.key) ? String(at.key.value) : '']
    return isSeq(at) ? [at.items.indexOf(chain[i + 1])] : []
  })
}

/** The variables that a text refers to. */
export function variablesIn(text: string): string[] {
  const names = [...text.matchAll(REFERENCE)].flatMap(([, inner = '']) => NAME_AND_DEFAULT.exec(inner)?.[1] ?? [])
  return [...new Set(names)]
}
