import { describe, expect, test } from 'vitest'
import { formatDuration, formatSize, parseDuration, parseShare, parseSize } from '../../../../src/config/forms/units.ts'
import { fc, test as property } from '../property.ts'

describe('durations', () => {
  test.each([
    ['250ms', 250],
    ['2s', 2_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['8h', 28_800_000],
    ['0', 0],
    [0, 0],
    ['0.001s', 1],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each(['', '5', 5, '5 s', '-1s', '1h30m', '2S', '1d', '500h', '1.2345s', '1e3s', '٣s', '2s\n', 'ms'])(
    '%j is none',
    text => {
      expect(parseDuration(text)).toBeUndefined()
    },
  )

  property(
    'every whole number of milliseconds survives being written and read',
    [fc.integer({ min: 0, max: 999_999_999 })],
    ms => {
      expect(parseDuration(formatDuration(ms))).toBe(ms)
    },
  )

  property(
    'any text is a duration that a timer can count, or none',
    [fc.string({ unit: fc.constantFrom(...'0123456789.msh -+') })],
    text => {
      const ms = parseDuration(text)
      if (ms !== undefined) expect(Number.isSafeInteger(ms) && ms >= 0 && ms < 2 ** 31).toBe(true)
    },
  )
})

describe('sizes', () => {
  test.each([
    ['512B', 512],
    ['64KiB', 65_536],
    ['8MiB', 8_388_608],
    ['1GiB', 1_073_741_824],
    ['0', 0],
    [0, 0],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each(['', '64', 64, '64KB', '64 KiB', '-1B', '1.5KiB', '1TiB', '64kib'])('%j is none', text => {
    expect(parseSize(text)).toBeUndefined()
  })

  test('a size with too many digits for a larger unit is written in a smaller one', () => {
    expect(parseSize(formatSize(4_865_017_895_936))).toBe(4_865_017_895_936)
  })

  property(
    'every number of bytes survives being written and read',
    [fc.integer({ min: 0, max: 999_999_999_999_999 })],
    bytes => {
      expect(parseSize(formatSize(bytes))).toBe(bytes)
    },
  )
})

describe('shares', () => {
  test.each([
    ['20%', 0.2],
    ['100%', 1],
    ['12.5%', 0.125],
    ['0%', 0],
    ['0', 0],
    [0, 0],
  ])('%s is %d', (text, share) => {
    expect(parseShare(text)).toBe(share)
  })

  test.each(['', '20', 20, '0.2', '101%', '100.5%', '1.25%', '-1%', ' 5%', '5 %', '5%\n', '%'])('%j is none', text => {
    expect(parseShare(text)).toBeUndefined()
  })
})
