// What people ask of the cache: a purge is an order like any other, written before it acts.

import type { CacheControl } from '../../admin/contract/cache.ts'
import type { CacheMemory } from '../../shared/cache/memory.ts'
import { cacheList, cacheReport, countSelected } from '../report/cache-report.ts'
import type { Orders } from './carry-out.ts'

export function createCacheControl(orders: Orders<unknown>, memory: CacheMemory): CacheControl {
  return {
    report: () => cacheReport(memory),
    list: (selection, limit) => cacheList(memory, selection, limit),
    purge: (selection, order) => {
      let entries = 0
      const decide = () => {
        entries = countSelected(memory, selection)
        return [{ kind: 'purge', selection, entries } as const]
      }
      return orders.carryOut(order, decide, done => ({ ...done, purged: entries }))
    },
  }
}
