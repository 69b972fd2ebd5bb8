// A strong tag becomes weak, and what comes back of it becomes the upstream's own.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isKnownWeak,
  type TagStyle,
  upstreamTags,
  weakTag,
} from '../../../../../src/policy/request/compression/entity-tags.ts'

describe('the tag of a compressed answer', () => {
  test.each([
    ['"abc"', 'W/"abc"'],
    ['""', 'W/""'],
    ['W/"abc"', 'W/"abc"'],
    ['"W/x"', 'W/"W/x"'],
    ['abc', undefined],
    ['w/"abc"', undefined],
    ['"a", "b"', undefined],
  ])('%s becomes %s', (tag, weak) => {
    expect(weakTag(tag)).toBe(weak)
  })
})

describe('a condition, as the upstream gets it', () => {
  test.each<[string, TagStyle, string]>([
    ['W/"a"', 'strong', '"a"'],
    ['W/"a"', 'weak', 'W/"a"'],
    ['W/"a"', 'both', '"a", W/"a"'],
    ['"a", W/"b" , "c"', 'strong', '"a", "b" , "c"'],
    ['"a"', 'both', '"a"'],
    ['*', 'strong', '*'],
    // Commas and W/ may be part of a tag.
    ['"xW/","y"', 'strong', '"xW/","y"'],
    ['W/"a,b"', 'strong', '"a,b"'],
    [`W/"datetime'2026-11-28T00%3A00'"`, 'strong', `"datetime'2026-11-28T00%3A00'"`],
    // What is no tag is not for vigia to judge.
    ['W/abc', 'strong', 'W/abc'],
  ])('%s, of upstreams with %s tags, is %s', (value, style, upward) => {
    expect(upstreamTags(value, style)).toBe(upward)
  })

  test('names each strong tag again whose weak form the client was given', () => {
    const opaque = fc.string({ unit: fc.constantFrom('a', 'W', '/', ',', "'", '-', '!', '\xe9') })
    fc.assert(
      fc.property(fc.array(opaque, { minLength: 1, maxLength: 5 }), each => {
        const given = each.map(tag => weakTag(`"${tag}"`)).join(', ')
        expect(upstreamTags(given, 'strong')).toBe(each.map(tag => `"${tag}"`).join(', '))
      }),
    )
  })
})

describe('the tag of a 304', () => {
  test.each([
    ['W/"a"', '"a"', true],
    ['"b", W/"a"', '"a"', true],
    ['"a"', '"a"', false],
    ['"a", W/"a"', '"a"', false],
    ['W/"b"', '"a"', false],
    ['*', '"a"', false],
  ])('of a client that has %s: %s is known as weak only: %s', (known, tag, isWeak) => {
    expect(isKnownWeak(known, tag)).toBe(isWeak)
  })
})
