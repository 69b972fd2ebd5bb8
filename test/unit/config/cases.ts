// Tests of wrong configurations, one a case: its parts, and the problems that a person gets to read, in the order of the file.

import { expect, test } from 'vitest'
import { documentOf, type Parts, problemsOf } from './support.ts'

export type Case = readonly [what: string, parts: Parts, ...problems: string[]]

/** @param common parts of every case, where it does not give them itself @param file name of the document: other files are looked for beside it */
export function expectEach(cases: readonly Case[], common: Parts = {}, file = 'test.yaml'): void {
  for (const [what, parts, ...problems] of cases) {
    test(what, () => {
      const text = documentOf({ ...common, ...parts })
      expect(problemsOf(text, {}, file)).toEqual(problems.map(problem => `${file}:${problem}`))
    })
  }
}
