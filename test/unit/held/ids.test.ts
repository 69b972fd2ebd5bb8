import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { HeldIds } from '../../../src/held/file/ids.ts'

test('an id leads back to its place, and only to it', () => {
  const ids = new HeldIds(randomBytes(16))
  const seqs = [1, 2, 3, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]
  const all = seqs.map(seq => ids.of(seq))
  expect(all.map(id => ids.seqOf(id))).toEqual(seqs)
  expect(new Set(all).size).toBe(seqs.length)
  const other = new HeldIds(randomBytes(16))
  expect(all.map(id => other.seqOf(id))).toEqual(seqs.map(() => undefined))
})

test('what is no id is none: another spelling of one, a bit of it changed, anything else', () => {
  const ids = new HeldIds(randomBytes(16))
  const id = ids.of(7)
  for (let bit = 0; bit < 128; bit += 1) {
    const bytes = Buffer.from(id, 'base64url')
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    expect(ids.seqOf(bytes.toString('base64url'))).toBeUndefined()
  }
  // The last character says the same with its spare bits set.
  const spelling = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const same = id.slice(0, -1) + spelling[spelling.indexOf(id.at(-1)!) | 1]
  expect(Buffer.from(same, 'base64url').equals(Buffer.from(id, 'base64url'))).toBe(true)
  for (const text of [same, '', 'a', `${id}A`, `${id}=`, id.slice(1), '!'.repeat(22), `${id}\n`])
    expect(ids.seqOf(text)).toBeUndefined()
})
