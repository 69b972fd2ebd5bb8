import { expect, test } from 'vitest'
import { searchList } from '../../../../src/policy/names/search-list.ts'

const search = ['erp.svc.cluster.local', 'svc.cluster.local']

test('a name with enough dots is asked for as it is first, then with each domain behind it', () => {
  expect(searchList('db.erp', { search, ndots: 1 })).toEqual([
    'db.erp',
    'db.erp.erp.svc.cluster.local',
    'db.erp.svc.cluster.local',
  ])
})

test('a name with fewer dots than ndots is asked for as it is last', () => {
  expect(searchList('web', { search, ndots: 1 })).toEqual(['web.erp.svc.cluster.local', 'web.svc.cluster.local', 'web'])
  expect(searchList('web.erp', { search, ndots: 5 }).at(-1)).toBe('web.erp')
})

test('what would be too long for a name, or twice the same, is not asked for', () => {
  const long = Array.from({ length: 5 }, () => 'x'.repeat(50)).join('.')
  expect(searchList('web', { search: [long], ndots: 1 })).toEqual(['web'])
  expect(searchList('web', { search: ['test', 'test'], ndots: 1 })).toEqual(['web.test', 'web'])
})
