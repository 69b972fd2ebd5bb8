// What a file holds is read whole, whatever it says is its size, and no more than a configuration may have.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readRegularFile, readRegularFileAside } from '../../../../src/config/read/regular-file.ts'

const MIB = 1024 * 1024
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-regular-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function both(file: string) {
  const found = readRegularFile(file)
  expect(await readRegularFileAside(file)).toEqual(found)
  return 'bytes' in found ? found.bytes : found.not
}

test.each([0, 1, 4095, 4096, 4097, MIB - 1, MIB])('%i bytes are read', async size => {
  const bytes = Buffer.alloc(size, 'abc')
  writeFileSync(join(folder, 'file'), bytes)
  expect(bytes.equals((await both(join(folder, 'file'))) as Buffer)).toBe(true)
})

test('a byte more than 1 MiB, and what is no file, are not', async () => {
  writeFileSync(join(folder, 'file'), Buffer.alloc(MIB + 1))
  expect(await both(join(folder, 'file'))).toBe('too large')
  expect(await both(folder)).toBe('not a file')
  expect(await both('/dev/zero')).toBe('not a file')
})

test.skipIf(process.platform !== 'linux')('of a file that says it is empty, what it holds', async () => {
  expect(String(await both('/proc/version'))).toMatch(/^Linux/)
})
