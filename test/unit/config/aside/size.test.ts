// A configuration that is small by itself may include much: whether it is read in place is judged by all of it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readAside } from '../../../../src/config/aside/aside.ts'
import { sizeOf } from '../../../../src/config/aside/size.ts'
import { documentOf } from '../support.ts'

const ENOUGH = 32_768
let folder: string
let file: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-size-'))
  file = join(folder, 'vigia.yaml')
  mkdirSync(join(folder, 'conf.d'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('what a configuration includes counts as soon as it is known, and is not known before', async () => {
  const plain = documentOf()
  writeFileSync(file, plain)
  expect(await sizeOf(file, undefined, ENOUGH)).toBe(plain.length)

  const text = `include: [conf.d/*.yaml]\n${plain}`
  writeFileSync(file, text)
  writeFileSync(join(folder, 'conf.d/a.yaml'), '# 10 bytes\n')
  for (const given of [undefined, text]) expect(await sizeOf(file, given, ENOUGH)).toBe(Number.POSITIVE_INFINITY)

  const { loaded } = await readAside({ file, env: {} })
  expect(loaded.ok).toBe(true)
  expect(await sizeOf(file, undefined, ENOUGH)).toBe(text.length + 11)
  writeFileSync(join(folder, 'conf.d/b.yaml'), '#'.repeat(100_000))
  expect(await sizeOf(file, undefined, ENOUGH)).toBe(text.length + 100_011)
  // All that it was made of is in it.
  const kept = loaded.ok ? loaded.text : ''
  expect(await sizeOf(file, kept, ENOUGH)).toBe(kept.length)
})

test('a file that is large by itself, or away, is not read for that', async () => {
  writeFileSync(file, `include: [x]\n${'#'.repeat(100_000)}`)
  expect(await sizeOf(file, undefined, ENOUGH)).toBe(100_013)
  expect(await sizeOf(join(folder, 'none.yaml'), undefined, ENOUGH)).toBe(0)
})
