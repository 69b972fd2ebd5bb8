import { expect, test } from 'vitest'
import { descriptorLimit, descriptorWarning } from '../../../../src/control/workers/descriptors.ts'
import type { Snapshot } from '../../../../src/plan/snapshot.ts'

const snapshot = (connections: number | undefined) =>
  ({ workers: 1, listeners: [{}], pools: [], limits: { connections } }) as unknown as Snapshot

test('the limit of this process is known', () => {
  expect(descriptorLimit()).toBeGreaterThan(100)
})

test('the start says what too few descriptors lead to', () => {
  expect(descriptorWarning(snapshot(undefined), 1_048_576)).toBeUndefined()
  expect(descriptorWarning(snapshot(50), 500)).toBeUndefined()
  expect(descriptorWarning(snapshot(undefined), 500)).toContain('limits.connections is 100 for each')
  expect(descriptorWarning(snapshot(5000), 500)).toContain('enough for limits.connections: 100, and it is 5000')
})
