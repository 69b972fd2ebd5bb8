// Which stored answers somebody means.

import { expect, test } from 'vitest'
import { type CacheSelection, isSelected } from '../../../../src/policy/cache/selection.ts'
import { normalisePath } from '../../../../src/policy/request/routing.ts'

const KEY = ['erp', 'https://ERP.example:8443\nportal.example', '/a/%62.js?v=1'] as const
const means = (selection: CacheSelection) => isSelected(selection, KEY, normalisePath)

test.each([
  {},
  { pool: 'erp' },
  { host: 'erp.example' },
  { host: 'Erp.Example:8443' },
  { path: '/a' },
  { path: '/a/%62' },
  { path: '/a/b.js' },
  { pool: 'erp', host: 'erp.example', path: '/' },
])('%j', selection => {
  expect(means(selection)).toBe(true)
})

test.each([
  { pool: 'other' },
  { host: 'example' },
  { host: 'erp.example:443' },
  { host: 'portal.example' },
  { path: '/b' },
  { pool: 'erp', path: '/b' },
])('not %j', selection => {
  expect(means(selection)).toBe(false)
})
