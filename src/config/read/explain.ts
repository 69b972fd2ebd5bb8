// What ajv says about a document, in words for the person who wrote it: one finding per place, with what was expected.
// It judges nothing itself, and never quotes a value that may be a secret.

import type { ErrorObject } from 'ajv'
import { configSchema } from '../document.ts'
import { error, type Finding, type Path, quote } from '../forms/problem.ts'
import { meantByKey, meantByValue } from './other-words.ts'

/** Finds the text that stands at a path in the file; undefined where there is none. */
export type Written = (path: Path) => string | undefined

interface SchemaLike {
  readonly title?: string
  readonly const?: unknown
  readonly minimum?: number
  readonly anyOf?: readonly SchemaLike[]
  readonly properties?: Readonly<Record<string, SchemaLike>>
  readonly whyRequired?: string
}

/** Whatever stands under these may hold credentials. */
const SECRET_KEYS = new Set<string | number>(['url', 'keys', 'bypass', 'hash'])
/** Errors that say a value is of the wrong sort altogether, rather than wrong further inside. */
const WRONG_SORT = new Set(['type', 'const', 'enum', 'pattern', 'minLength', 'minimum', 'maximum'])

/** Nobody reads more than that, and the work below grows faster than the number of errors. */
const MOST_ERRORS = 1000

/** @param errors of ajv with `allErrors` and `verbose` */
export function explain(errors: readonly ErrorObject[], written: Written): Finding[] {
  const findings: Finding[] = []
  const seen = new Set<string>()
  for (const found of chooseBranches(errors.slice(0, MOST_ERRORS))) {
    const finding = findingOf(found, written)
    const key = JSON.stringify([finding.path, finding.at])
    // A value that breaks two rules at once (a type and a pattern) needs one sentence.
    if (!seen.has(key) || found.keyword === 'required') findings.push(finding)
    seen.add(key)
  }
  return findings
}

/** The value's place as keys and indices. */
export function pathOfError({ instancePath }: ErrorObject): Path {
  if (instancePath === '') return []
  const steps = instancePath.slice(1).split('/')
  return steps.map(step => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    return /^(0|[1-9][0-9]{0,9})$/.test(key) ? Number(key) : key
  })
}

/**
 * For every union that failed: if one branch is of the right sort (say, a mapping with one wrong key), its errors are what counts;
 * if none is, the union's own error says what could stand there.
 */
function chooseBranches(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const union = errors
    .filter(({ keyword }) => keyword === 'anyOf')
    .reduce<ErrorObject | undefined>(
      (top, next) => (top && top.schemaPath.length <= next.schemaPath.length ? top : next),
      undefined,
    )
  if (!union) return errors
  const prefix = `${union.schemaPath}/`
  const isInside = (found: ErrorObject) =>
    found.schemaPath.startsWith(prefix) &&
    (found.instancePath === union.instancePath || found.instancePath.startsWith(`${union.instancePath}/`))
  const isSame = (found: ErrorObject) =>
    found.schemaPath === union.schemaPath && found.instancePath === union.instancePath
  const branches = Map.groupBy(errors.filter(isInside), found => found.schemaPath.slice(prefix.length).split('/', 1)[0])
  const fitting = [...branches.values()].find(
    inside => !inside.some(found => found.instancePath === union.instancePath && WRONG_SORT.has(found.keyword)),
  )
  const others = errors.filter(found => !isInside(found) && !isSame(found))
  if (fitting) return [...chooseBranches(others), ...chooseBranches(fitting)]
  return [...chooseBranches(others), { ...union, keyword: 'type' }]
}

function findingOf(found: ErrorObject, written: Written): Finding {
  const path = pathOfError(found)
  const schema = (found.parentSchema ?? {}) as SchemaLike
  const params = found.params as Readonly<Record<string, unknown>>
  switch (found.keyword) {
    case 'additionalProperties': {
      const key = String(params.additionalProperty)
      const known = Object.keys(schema.properties ?? {})
      const guess = meantByKey(key, known, path, configSchema)
      return error([...path, key], `unknown key${guess || `, expected one of ${known.join(', ')}`}`, 'key')
    }
    case 'required': {
      const key = String(params.missingProperty)
      const why = schema.properties?.[key]?.whyRequired
      return error(path, `the key ${quote(key)} is missing${why === undefined ? '' : `: ${why}`}`)
    }
    case 'minItems':
      return error(path, `is empty, expected ${describe(schema)}`)
    default:
      return error(
        path,
        `${whatIsThere(found.data, path, written)}expected ${describe(schema)}${guessFor(found.data, schema)}`,
      )
  }
}

function describe(schema: SchemaLike): string {
  if (schema.title !== undefined) return schema.title
  if (schema.anyOf) return schema.anyOf.map(describe).join(' or ')
  if ('const' in schema) return JSON.stringify(schema.const)
  return 'another value'
}

/** `"2 parsecs" is not valid here: `, with less detail the more the value may be secret. */
function whatIsThere(data: unknown, path: Path, written: Written): string {
  if (data === null) return 'has no value, '
  if (Array.isArray(data)) return 'is a list, '
  if (typeof data === 'object') return 'is a mapping, '
  if (data === '') return 'is empty, '
  const isSent = path.includes('health') && (path.includes('headers') || path.at(-1) === 'body')
  const isSecret = isSent || path.some(step => SECRET_KEYS.has(step))
  const text = isSecret ? undefined : written(path)
  if (text !== undefined && typeof data !== 'string') return `${text.replace(/^"|"$/g, '')} is not valid here, `
  return text === undefined ? 'is not valid here, ' : `${text} is not valid here, `
}

function guessFor(data: unknown, schema: SchemaLike): string {
  if (typeof data !== 'string' || data.length > 40) return ''
  return meantByValue(data, words(schema))
}

function words({ const: value, anyOf }: SchemaLike): string[] {
  if (typeof value === 'string') return [value]
  return (anyOf ?? []).flatMap(words)
}
