import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHUNKED, NO_LENGTH } from '../../../../src/http/body.ts'
import {
  mayReuse,
  NO_EVIDENCE,
  parseKeepAlive,
  type ReuseEvidence,
  sawAnnouncement,
  sawIdleClose,
  sawOpenAfter,
  sawStaleFailure,
  staysInStep,
} from '../../../../src/policy/request/reuse.ts'
import { amount } from '../../../support/thorough.ts'

const PROVEN = sawOpenAfter(NO_EVIDENCE, 100)

describe('staysInStep', () => {
  test.each([
    ['an answer to a request without a body', 'GET', NO_LENGTH, 404, 5, true],
    ['one of length 0', 'POST', 0, 403, 5, true],
    ['a body that was taken', 'POST', 5, 200, 5, true],
    ['a body that was refused, and perhaps not read', 'POST', 5, 403, 5, false],
    ['a chunked body, which not all servers read to its end', 'POST', CHUNKED, 200, 5, false],
    ['HEAD', 'HEAD', NO_LENGTH, 200, NO_LENGTH, true],
    ['HEAD that announces a body, which may come', 'HEAD', NO_LENGTH, 200, 5, false],
    ['204', 'POST', 5, 204, NO_LENGTH, true],
    ['204 that announces a body', 'GET', NO_LENGTH, 204, CHUNKED, false],
  ] as const)('%s', (_, method, sent, status, declared, expected) => {
    expect(staysInStep(method, sent, status, declared)).toBe(expected)
  })
})

describe('mayReuse', () => {
  test('without evidence only a request that can be sent twice rides an idle connection', () => {
    expect(mayReuse(NO_EVIDENCE, 0, true)).toBe(true)
    expect(mayReuse(NO_EVIDENCE, 60_000, true)).toBe(true)
    expect(mayReuse(NO_EVIDENCE, 0, false)).toBe(false)
  })

  test('an unsafe request rides a young connection of an upstream that was seen to keep them', () => {
    expect(mayReuse(PROVEN, 0, false)).toBe(true)
    expect(mayReuse(PROVEN, 999, false)).toBe(true)
    expect(mayReuse(PROVEN, 1000, false)).toBe(false)
    expect(mayReuse(PROVEN, 1000, false, 5000)).toBe(true)
    expect(mayReuse(PROVEN, 0, false, 0)).toBe(false)
  })

  test('stays clear of what the upstream announced, for every request', () => {
    const fiveSeconds = sawAnnouncement(PROVEN, 5000)
    expect(mayReuse(fiveSeconds, 3999, true)).toBe(true)
    expect(mayReuse(fiveSeconds, 4000, true)).toBe(false)
    expect(mayReuse(fiveSeconds, 3999, false, 60_000)).toBe(true)
    expect(mayReuse(fiveSeconds, 4000, false, 60_000)).toBe(false)
    expect(mayReuse(sawAnnouncement(PROVEN, 0), 0, true)).toBe(false)
    expect(mayReuse(sawAnnouncement(fiveSeconds, undefined), 4000, true)).toBe(true)
  })

  test('gives an upstream that closes 1 ms after each answer (uWSGI) no unsafe request on a used connection', () => {
    let evidence: ReuseEvidence = NO_EVIDENCE
    for (const ageMs of [1.2, 0.8, 1, 3]) evidence = sawIdleClose(evidence, ageMs)
    expect(evidence).toEqual({ provenOpen: false, shortestIdleCloseMs: 0.8, announcedKeepAliveMs: undefined })
    expect(mayReuse(evidence, 0, false)).toBe(false)
    expect(mayReuse(evidence, 0, true)).toBe(true)
  })

  test('stays clear of the shortest idle close, whichever came first', () => {
    const evidence = sawIdleClose(sawIdleClose(PROVEN, 2000), 60_000)
    expect(evidence.provenOpen).toBe(true)
    expect(mayReuse(evidence, 1599, false, 60_000)).toBe(true)
    expect(mayReuse(evidence, 1600, false, 60_000)).toBe(false)
    expect(mayReuse(evidence, 999, false)).toBe(true)
  })

  test('a close before 100 ms voids the proof that others stayed open, a later one does not', () => {
    expect(sawIdleClose(PROVEN, 99).provenOpen).toBe(false)
    expect(sawIdleClose(PROVEN, 100).provenOpen).toBe(true)
  })

  test('a surprise takes the proof back, and a new sighting gives it again up to the age of the surprise', () => {
    const surprised = sawStaleFailure(PROVEN, 500)
    expect(mayReuse(surprised, 0, false)).toBe(false)
    const again = sawOpenAfter(surprised, 200)
    expect(mayReuse(again, 399, false)).toBe(true)
    expect(mayReuse(again, 400, false)).toBe(false)
  })

  test('learns anew about an upstream that was restarted with other settings, within about ten sightings', () => {
    let evidence = sawIdleClose(NO_EVIDENCE, 1)
    let sightings = 0
    while (!mayReuse(evidence, 500, false)) {
      evidence = sawOpenAfter(evidence, 5000)
      sightings += 1
    }
    expect(sightings).toBe(10)
  })

  test('a true limit does not wear off by sightings below or about it', () => {
    let evidence = sawIdleClose(NO_EVIDENCE, 2000)
    for (let i = 0; i < 1000; i += 1) evidence = sawOpenAfter(evidence, 1900 + (i % 200))
    expect(evidence.shortestIdleCloseMs).toBe(2000)
  })

  test('changes nothing, and allocates nothing, where there is nothing new', () => {
    expect(sawOpenAfter(NO_EVIDENCE, 99)).toBe(NO_EVIDENCE)
    expect(sawOpenAfter(PROVEN, 300)).toBe(PROVEN)
    const announced = sawAnnouncement(PROVEN, 5000)
    expect(sawAnnouncement(announced, 5000)).toBe(announced)
    const closed = sawIdleClose(PROVEN, 2000)
    expect(sawIdleClose(closed, 3000)).toBe(closed)
  })

  test('an unsafe request rides only where a safe one may, and never right after a surprise, whatever was seen', () => {
    const ageMs = fc.double({ min: 0, max: 100_000, noNaN: true })
    const event = fc.oneof(
      ageMs.map(age => (evidence: ReuseEvidence) => sawOpenAfter(evidence, age)),
      ageMs.map(age => (evidence: ReuseEvidence) => sawIdleClose(evidence, age)),
      ageMs.map(age => (evidence: ReuseEvidence) => sawStaleFailure(evidence, age)),
      fc
        .option(fc.nat(100_000), { nil: undefined })
        .map(ms => (evidence: ReuseEvidence) => sawAnnouncement(evidence, ms)),
    )
    fc.assert(
      fc.property(fc.array(event), ageMs, ageMs, (events, idleMs, surpriseMs) => {
        const evidence = events.reduce((sofar, apply) => apply(sofar), NO_EVIDENCE)
        if (mayReuse(evidence, idleMs, false)) {
          expect(mayReuse(evidence, idleMs, true)).toBe(true)
          expect(idleMs).toBeLessThan(1000)
          expect(idleMs).toBeLessThan(evidence.shortestIdleCloseMs)
        }
        const surprised = sawStaleFailure(evidence, surpriseMs)
        expect(mayReuse(surprised, 0, false)).toBe(false)
        expect(mayReuse(surprised, surpriseMs, false, Number.POSITIVE_INFINITY)).toBe(false)
      }),
      { numRuns: amount(1000) },
    )
  })
})

describe('parseKeepAlive', () => {
  test.each([
    ['timeout=5', 5000],
    ['timeout=5, max=1000', 5000],
    ['max=100, Timeout = 15', 15_000],
    ['timeout="30"', 30_000],
    ['timeout=0', 0],
    ['max=5', undefined],
    ['mytimeout=5', undefined],
    ['timeout=', undefined],
    ['timeout=-1', undefined],
    ['timeout=5s', undefined],
    ['', undefined],
  ])('reads "%s" as %s', (value, ms) => {
    expect(parseKeepAlive(value)).toBe(ms)
  })
})
