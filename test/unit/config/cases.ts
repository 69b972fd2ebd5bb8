// Tests of wrong configurations, one a case: its parts, and the problems that a person gets to read, in the order of the file.

import { expect, test } from 'vitest'
import { documentOf, type Parts, problemsOf } from './support.ts'

export type Case = readonly [what: string, parts: Parts, ...problems: string[]]

/** @param common parts of every case, where it does not give them itself */
export function expectEach(cases: readonly Case[], common: Parts = {}): void {
  for (const [what, parts, ...problems] of cases) {
    test(what, () => {
      expect(problemsOf(documentOf({ ...common, ...parts }))).toEqual(problems.map(problem => `test.yaml:${problem}`))
    })
  }
}
