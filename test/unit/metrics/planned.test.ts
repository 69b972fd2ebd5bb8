// What maintenance windows answered has a metric of its own, by pool.

import { expect, test } from 'vitest'
import { defineMetrics } from '../../../src/metrics/definitions.ts'
import type { MetricsSource } from '../../../src/metrics/source.ts'
import { TOTAL } from '../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterRow, CounterTable } from '../../../src/shared/counters.ts'

test('requests that windows answered are told by pool, summed over all workers', () => {
  const buffer = allocateCounters(2)
  for (const worker of [0, 1]) new CounterRow(buffer, worker).add(3, TOTAL.planned, 20 + worker)
  const pools = () => [{ name: 'erp', slot: 3, upstreams: [] }]
  const source = { counters: new CounterTable(buffer, 2), pools } as unknown as MetricsSource
  const metric = defineMetrics(source).find(({ name }) => name === 'vigia_requests_planned_total')
  expect([...metric!.samples()].flat()).toMatchObject([{ value: 41 }])
})
