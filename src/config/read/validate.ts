// Holds a document against the schema. A value from the environment takes the type that its place asks for.

import type { ConfigDocument } from '../document.ts'
import { error, type Finding, type Path } from '../forms/problem.ts'
import { checkForm } from './check-form.ts'
import { type Expansion, retype } from './environment.ts'
import { explain, pathOfError } from './explain.ts'
import { leaveOut } from './repair.ts'
import { plainValues, type Source, writtenAt } from './source.ts'

export type Validated =
  | { readonly ok: true; readonly config: ConfigDocument }
  | { readonly ok: false; readonly findings: readonly Finding[]; readonly rest: Rest | undefined }

/** What is left of a refused document without its refused parts: fit for the cross-checks, not for use. */
export interface Rest {
  readonly config: ConfigDocument
  readonly missing: readonly Path[]
}

export function validate(source: Source, expansion: Expansion): Validated {
  const first = attempt(source)
  if (first.ok) return first
  const last = retype(source, first.paths, expansion) ? attempt(source) : first
  if (last.ok) return last
  const findings = last.explain()
  return { ok: false, findings, rest: restOf(last.value, findings) }
}

function restOf(value: unknown, findings: readonly Finding[]): Rest | undefined {
  const repair = leaveOut(value, findings)
  return repair && checkForm(repair.value) ? { config: repair.value, missing: repair.missing } : undefined
}

type Attempt =
  | { readonly ok: true; readonly config: ConfigDocument }
  | { readonly ok: false; readonly value: unknown; readonly paths: readonly Path[]; readonly explain: () => Finding[] }

function attempt(source: Source): Attempt {
  const plain = plainValues(source)
  if (plain === undefined) {
    return {
      ok: false,
      value: undefined,
      paths: [],
      explain: () => [error([], 'YAML: the aliases (*name) unfold to too much: write the values out')],
    }
  }
  if (checkForm(plain.value)) return { ok: true, config: plain.value }
  const errors = checkForm.errors ?? []
  return {
    ok: false,
    value: plain.value,
    paths: errors.map(pathOfError),
    explain: () => explain(errors, path => writtenAt(source, path)),
  }
}
