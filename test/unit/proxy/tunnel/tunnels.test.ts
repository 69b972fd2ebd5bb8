import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type EndReason, type OpenTunnel, Tunnels } from '../../../../src/proxy/tunnel/tunnels.ts'

class Asked implements OpenTunnel {
  readonly slot: number
  readonly asked: (readonly [ms: number, reason: EndReason])[] = []

  constructor(slot: number) {
    this.slot = slot
  }

  endIn(ms: number, reason: EndReason): void {
    this.asked.push([ms, reason])
  }

  look(): void {}
}

function openMany(tunnels: Tunnels, count: number, slot: number): Asked[] {
  const all = Array.from({ length: count }, () => new Asked(slot))
  for (const each of all) tunnels.add(each)
  return all
}

const momentsOf = (all: readonly Asked[]): number[] => all.map(({ asked }) => asked.at(-1)?.[0] ?? Number.NaN)

describe('the tunnels of an upstream whose drain is over', () => {
  test('end one in each equal part of the time, whatever chance says', () => {
    const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 60_000 }), unit, (count, ms, random) => {
        const tunnels = new Tunnels(() => random)
        const own = openMany(tunnels, count, 3)
        const others = openMany(tunnels, 2, 4)
        tunnels.endUpstream(3, ms)
        for (const [i, at] of momentsOf(own).entries()) {
          expect(at).toBeGreaterThanOrEqual((i * ms) / count - 1e-6)
          expect(at).toBeLessThanOrEqual(((i + 1) * ms) / count + 1e-6)
        }
        expect(own[0]!.asked[0]![1]).toBe('upstream-drained')
        expect(others.flatMap(({ asked }) => asked)).toEqual([])
      }),
    )
  })

  test('are at most 41 of 200 in any second of five', () => {
    const tunnels = new Tunnels()
    const all = openMany(tunnels, 200, 1)
    tunnels.endUpstream(1, 5000)
    const moments = momentsOf(all)
    for (let from = 0; from < 4000; from += 100)
      expect(moments.filter(at => at >= from && at < from + 1000).length).toBeLessThanOrEqual(41)
  })

  test('need not be there', () => {
    expect(() => new Tunnels().endUpstream(1, 5000)).not.toThrow()
  })
})

describe('at a stop', () => {
  test.each([
    [1, 30_000, 50],
    [20, 30_000, 1000],
    [1000, 30_000, 5000],
    [1000, 1000, 400],
    [1000, 0, 0],
  ])('%i tunnels with %i ms to go end within %i ms', (count, deadlineMs, withinMs) => {
    const tunnels = new Tunnels(() => 0.999)
    const all = openMany(tunnels, count, 1)
    tunnels.stop(deadlineMs)
    expect(Math.max(...momentsOf(all))).toBeLessThanOrEqual(withinMs)
    expect(Math.max(...momentsOf(all))).toBeGreaterThanOrEqual(withinMs * 0.99)
    expect(all.every(({ asked }) => asked[0]?.[1] === 'shutdown')).toBe(true)
  })

  test('a tunnel that opens only then is ended too', () => {
    const tunnels = new Tunnels(() => 0.5)
    openMany(tunnels, 100, 1)
    tunnels.stop(30_000)
    expect(openMany(tunnels, 1, 2)[0]!.asked).toEqual([[2500, 'shutdown']])
  })

  test('one that has gone is not asked any more', () => {
    const tunnels = new Tunnels()
    const [one] = openMany(tunnels, 1, 1)
    tunnels.delete(one!)
    tunnels.stop(30_000)
    expect(one!.asked).toEqual([])
    expect(tunnels.size).toBe(0)
  })
})
