// Who gets a place on the admin listener when places are short.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ListenerPlace, placeFor } from '../../../../src/policy/process/listener-places.ts'

const LIMITS = { most: 6, reserved: 2, perClient: 3 }
const STRANGER = { key: '198.51.100.7', local: false, known: false, busy: false }
const LOCAL = { key: '127.0.0.1', local: true, known: false, busy: false }

const place = fc.record({
  key: fc.constantFrom('198.51.100.7', '198.51.100.8', '127.0.0.1'),
  known: fc.boolean(),
  busy: fc.boolean(),
})

test('while there is room everybody is let in', () => {
  expect(placeFor(STRANGER, [STRANGER, STRANGER], LIMITS)).toEqual({ letIn: true, inPlaceOf: undefined })
})

test('one client pushes out its own oldest connection, not that of another', () => {
  const own = [1, 2, 3].map(n => ({ ...STRANGER, n }))
  const other = { ...STRANGER, key: '198.51.100.8', n: 0 }
  expect(placeFor(STRANGER, [other, ...own], LIMITS)).toEqual({ letIn: true, inPlaceOf: own[0] })
})

test('places for this machine are not for strangers, and it gets one however many they are', () => {
  const crowd = [1, 2, 3, 4].map(n => ({ ...STRANGER, key: `198.51.100.${n}`, n }))
  expect(placeFor({ ...STRANGER, key: '203.0.113.1' }, crowd, LIMITS)).toEqual({ letIn: true, inPlaceOf: crowd[0] })
  expect(placeFor(LOCAL, crowd, LIMITS)).toEqual({ letIn: true, inPlaceOf: undefined })
  const full = [...crowd, ...[5, 6].map(n => ({ ...LOCAL, n }))]
  expect(placeFor(LOCAL, full, LIMITS)).toEqual({ letIn: true, inPlaceOf: crowd[0] })
})

test('who has shown a token goes last, and nobody in the middle of something', () => {
  const known = { ...STRANGER, known: true }
  const busy = { ...LOCAL, busy: true }
  expect(placeFor(LOCAL, [known, known, known, known, busy, LOCAL], LIMITS)).toEqual({ letIn: true, inPlaceOf: LOCAL })
  expect(placeFor(LOCAL, [known, busy, busy, busy, busy, busy], LIMITS)).toEqual({ letIn: true, inPlaceOf: known })
  expect(placeFor(LOCAL, Array(6).fill(busy), LIMITS)).toEqual({ letIn: false })
})

test('whoever comes, in whatever order: never more than there are places, and always one for this machine', () => {
  fc.assert(
    fc.property(fc.array(place, { maxLength: 40 }), arrivals => {
      let places: ListenerPlace[] = []
      const letIn = (newcomer: ListenerPlace) => {
        const verdict = placeFor(newcomer, places, LIMITS)
        if (verdict.letIn) places = [...places.filter(each => each !== verdict.inPlaceOf), newcomer]
        return verdict.letIn
      }
      for (const { key, known, busy } of arrivals) {
        const local = key === '127.0.0.1'
        // A stranger is never busy: auth answers it at once.
        letIn({ key, local, known, busy: busy && (known || local) })
        expect(places.length).toBeLessThanOrEqual(LIMITS.most)
        const strangers = places.filter(each => !each.local && !each.known)
        expect(strangers.length).toBeLessThanOrEqual(LIMITS.most - LIMITS.reserved)
      }
      if (!places.every(({ busy }) => busy)) expect(letIn({ ...LOCAL })).toBe(true)
    }),
  )
})
