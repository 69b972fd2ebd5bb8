import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_HINTS, readHints } from '../../../../src/policy/upstream/agent-hints.ts'
import { ANY_UNIT } from '../../../support/any-text.ts'

const FOLLOW = { hints: true, drainOn404: true }
const state = (text: string | string[]) => readHints(200, { 'x-vigia-state': text }, FOLLOW)
const weight = (text: string | string[]) => readHints(200, { 'x-vigia-weight': text }, FOLLOW)

test('a node that says nothing asks for nothing', () => {
  expect(readHints(200, { 'content-type': 'text/plain' }, FOLLOW)).toEqual(NO_HINTS)
})

test.each(['drain', 'DRAIN', ' Drain '])('X-Vigia-State: %j asks for a drain, and says why', text => {
  expect(state(text)).toEqual({ drain: 'X-Vigia-State: drain', weight: 1, ignored: [] })
})

test.each(['ready', 'Ready', 'READY '])('X-Vigia-State: %j asks for none', text => {
  expect(state(text)).toEqual(NO_HINTS)
})

test.each(['', 'draining', 'down', 'drain, ready', 'drain\u001b[2J'])(
  'X-Vigia-State: %j is ignored, printably',
  text => {
    const { drain, ignored } = state(text)
    expect(drain).toBeUndefined()
    expect(ignored).toHaveLength(1)
    expect(ignored[0]?.field).toBe('X-Vigia-State')
    expect(ignored[0]?.why).toMatch(/^[\x20-\x7e]*$/)
  },
)

test('a field that comes twice is not understood', () => {
  expect(state(['drain', 'drain']).ignored).toHaveLength(1)
  expect(weight(['50%', '50%'])).toMatchObject({ weight: 1, ignored: [{ field: 'X-Vigia-Weight' }] })
})

test.each([
  ['0%', 0],
  ['50%', 0.5],
  ['100%', 1],
  [' 12.5 % ', 0.125],
  ['100.0%', 1],
])('X-Vigia-Weight: %j is the factor %d', (text, factor) => {
  expect(weight(text)).toEqual({ drain: undefined, weight: factor, ignored: [] })
})

test.each(['101%', '-1%', '50', '0.5', '%', '1e2%', '050%5', 'NaN%'])('X-Vigia-Weight: %j is ignored', text => {
  expect(weight(text)).toMatchObject({ weight: 1, ignored: [{ field: 'X-Vigia-Weight' }] })
})

test('a 404 asks for a drain only where that was agreed', () => {
  expect(readHints(404, {}, { drainOn404: true }).drain).toBe('its probe answers 404')
  expect(readHints(404, {}, { hints: true }).drain).toBeUndefined()
  expect(readHints(404, { 'x-vigia-state': 'ready' }, FOLLOW).drain).toBe('its probe answers 404')
})

test('fields are not followed where that is switched off', () => {
  expect(
    readHints(200, { 'x-vigia-state': 'drain', 'x-vigia-weight': '0%' }, { hints: false, drainOn404: true }),
  ).toEqual(NO_HINTS)
})

test('whatever a node sends, the weight is a factor from 0 to 1, and what is logged is short and printable', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: ANY_UNIT }),
      fc.string(),
      fc.integer({ min: 100, max: 599 }),
      (one, other, status) => {
        const hints = readHints(status, { 'x-vigia-state': one, 'x-vigia-weight': other }, FOLLOW)
        expect(hints.weight).toBeGreaterThanOrEqual(0)
        expect(hints.weight).toBeLessThanOrEqual(1)
        for (const { why } of hints.ignored) expect(why).toMatch(/^[\x20-\x7e]{1,100}$/)
      },
    ),
  )
})
