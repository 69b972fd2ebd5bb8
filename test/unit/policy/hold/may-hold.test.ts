// Which requests are ones to be held, and why one is.

import { describe, expect, test } from 'vitest'
import { CHUNKED, NO_LENGTH } from '../../../../src/http/body.ts'
import type { HoldPlan } from '../../../../src/plan/hold.ts'
import { type HoldCandidate, isHoldable, reasonFor } from '../../../../src/policy/hold/may-hold.ts'

const PLAN = {
  during: ['window', 'outage', 'queue-full'],
  paused: 'hold',
  methods: ['POST', 'DELETE'],
  bodyBytes: 100,
  rpc: false,
} as unknown as HoldPlan
const ORDER: HoldCandidate = {
  method: 'POST',
  path: '/orders',
  length: 100,
  contentType: 'application/json',
  hasSoapAction: false,
  application: undefined,
  isOfConnection: false,
}

describe('a request', () => {
  test.each<[string, Partial<HoldCandidate>, boolean]>([
    ['as long as it may be', {}, true],
    ['one byte longer', { length: 101 }, false],
    ['of unknown length', { length: CHUNKED }, true],
    ['without a body', { method: 'DELETE', length: NO_LENGTH }, true],
    ['with a method that is not listed', { method: 'PUT' }, false],
    ['that reads', { method: 'GET', length: NO_LENGTH }, false],
    ['that belongs to its connection', { isOfConnection: true }, false],
    ['of XML-RPC', { contentType: 'text/xml; charset=utf-8' }, false],
    ['of SOAP 1.2', { contentType: 'application/soap+xml; action="urn:x"' }, false],
    ['of SOAP with attachments', { contentType: 'multipart/related; type="application/xop+xml"' }, false],
    ['of SOAP 1.1 by its action', { contentType: undefined, hasSoapAction: true }, false],
    ['with XML that is no call', { contentType: 'application/xml' }, true],
    ['to the RPC of Odoo', { application: 'odoo', path: '/xmlrpc/2/object' }, false],
    ['to the JSON-RPC of Odoo', { application: 'odoo', path: '/jsonrpc' }, false],
    ['to a path of Odoo that merely begins so', { application: 'odoo', path: '/xmlrpcs' }, true],
    ['to Tryton, whose clients call by any path', { application: 'tryton', path: '/db/' }, false],
    ['with a form', { contentType: 'multipart/form-data; boundary=xml' }, true],
  ])('%s', (_, more, holdable) => {
    expect(isHoldable(PLAN, { ...ORDER, ...more })).toBe(holdable)
  })

  test('of XML-RPC is held where its client understands the answer', () => {
    expect(isHoldable({ ...PLAN, rpc: true }, { ...ORDER, contentType: 'text/xml' })).toBe(true)
  })
})

describe('the reason', () => {
  test.each<readonly [string, string | undefined]>([
    ['maintenance', 'window'],
    ['no-upstream-available', 'outage'],
    ['connect-failed', 'outage'],
    ['connect-timeout', 'outage'],
    ['queue-full', 'queue-full'],
    ['queue-timeout', 'queue-full'],
    ['overloaded', 'queue-full'],
    ...[
      'in-doubt',
      'upstream-reset',
      'upstream-timeout',
      'stopping',
      'forbidden',
      'rate-limited',
      'out-of-resources',
    ].map(code => [code, undefined] as const),
  ])('of %s is %s', (code, reason) => {
    expect(reasonFor(PLAN, code, false)).toBe(reason)
  })

  test('is none that the route does not name', () => {
    expect(reasonFor({ ...PLAN, during: ['window'] }, 'connect-failed', false)).toBeUndefined()
  })

  test('of a pause is the pause, whatever the route names', () => {
    expect(reasonFor({ ...PLAN, during: [] }, 'maintenance', true)).toBe('paused')
    expect(reasonFor({ ...PLAN, paused: 'refuse' }, 'maintenance', true)).toBeUndefined()
    expect(reasonFor({ ...PLAN, during: [] }, 'connect-failed', true)).toBeUndefined()
  })
})
