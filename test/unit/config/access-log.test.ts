// The access log in the configuration: where lines go, which requests get one, and what is wrong with that.

import { describe, expect, test } from 'vitest'
import { diffSnapshots, diffText } from '../../../src/config/shown/diff.ts'
import { expectEach } from './cases.ts'
import { documentOf, snapshotOf } from './support.ts'

const planOf = (accessLog: string) => snapshotOf(documentOf({ more: `accessLog: ${accessLog}` })).accessLog

describe('which requests get a line', () => {
  test('all of them, where nothing else is said', () => {
    for (const all of ['true', '{}', '{ sample: 100% }'])
      expect(planOf(all)).toEqual({ enabled: true, destination: 'stdout' })
  })

  test('with a share, the slow ones and those that went wrong always get theirs', () => {
    expect(planOf('{ sample: 10% }').sampling).toEqual({ share: 0.1, slowerThanMs: 2000, errors: true })
    expect(planOf('{ sample: 0.5%, slowerThan: 300ms, errors: sampled }').sampling).toEqual({
      ...{ share: 0.005, slowerThanMs: 300, errors: false },
    })
    expect(planOf('{ sample: 0, slowerThan: 0 }').sampling).toEqual({ share: 0, slowerThanMs: Infinity, errors: true })
  })

  test('a change of it is told under the names of the document', () => {
    const [before, after] = ['10%', '20%'].map(share =>
      snapshotOf(documentOf({ more: `accessLog: { sample: ${share} }` })),
    )
    expect(diffText(diffSnapshots(before!, after!))).toMatch(/accessLog\.sample/)
  })
})

describe('what is wrong', () => {
  expectEach([
    [
      'rules that have no effect',
      { more: 'accessLog: { slowerThan: 1s, errors: always }' },
      '10:14: warning: accessLog.slowerThan: has no effect without `sample`: every request gets its line',
      '10:30: warning: accessLog.errors: has no effect without `sample`: every request gets its line',
    ],
    [
      'a share that is none',
      { more: 'accessLog: { sample: 0.1 }' },
      '10:22: accessLog.sample: 0.1 is not valid here, expected a share such as 20%, or 0 (none, but those that `slowerThan` and `errors` keep)',
    ],
    [
      'a word for errors',
      { more: 'accessLog: { sample: 10%, errors: never }' },
      '10:35: accessLog.errors: "never" is not valid here, expected one of always, sampled',
    ],
    [
      'a misspelt key',
      { more: 'accessLog: { sampel: 10% }' },
      '10:14: accessLog.sampel: unknown key, did you mean "sample"?',
    ],
  ])
})
