// The order of test files: those that wait for clocks first, so that no run ends with one of them alone. Of the rest, those first that took
// longest the last time, as vitest does by itself where it has seen them before.

import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Half a minute and more on a quiet machine, nearly all of it waiting. */
const LONG = [
  'upstreams/silent-upstream',
  'exchange/early-answers',
  'exchange/timeouts',
  'process/demo',
  'process/own-trouble',
  'process/lifecycle',
  'upstreams/drain',
  'limits/slow-readers',
]

const waits = ({ moduleId }: TestSpecification) => LONG.some(name => moduleId.endsWith(`/${name}.test.ts`))

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return [...sorted.filter(waits), ...sorted.filter(file => !waits(file))]
  }
}
