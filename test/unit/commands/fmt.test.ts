// vigia fmt on real files.

import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { fmt } from '../../../src/commands/fmt.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigia-fmt-'))
const file = join(folder, 'vigia.yaml')
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => writeFileSync(file, 'pools: {erp: 1} # x\n'))

const FORM = 'pools: { erp: 1 } # x\n'

async function run(path: string, options: { check?: boolean; write?: boolean } = {}) {
  const out: string[] = []
  const err: string[] = []
  const code = await fmt(
    path,
    { check: false, write: false, ...options },
    { out: text => out.push(text), err: line => err.push(line.replaceAll(folder, 'DIR')) },
  )
  return { code, out: out.join(''), err }
}

test('it prints the form, and leaves the file', async () => {
  expect(await run(file)).toEqual({ code: 0, out: FORM, err: [] })
  expect(readFileSync(file, 'utf8')).toBe('pools: {erp: 1} # x\n')
})

test('--check says what is not in it, and is content with what is', async () => {
  const err = ['DIR/vigia.yaml: is not in the form of vigia fmt: vigia fmt --write DIR/vigia.yaml']
  expect(await run(file, { check: true })).toEqual({ code: 1, out: '', err })
  writeFileSync(file, FORM)
  expect(await run(file, { check: true })).toEqual({ code: 0, out: '', err: [] })
})

test('--write puts it where a link points to, with the rights that it had', async () => {
  chmodSync(file, 0o640)
  symlinkSync(file, join(folder, 'link.yaml'))
  expect(await run(join(folder, 'link.yaml'), { write: true })).toMatchObject({ code: 0, out: '' })
  expect(readFileSync(file, 'utf8')).toBe(FORM)
  expect(statSync(file).mode & 0o777).toBe(0o640)
})

test('what can not be read, and what contradicts itself, is one line', async () => {
  expect(await run(join(folder, 'none.yaml'))).toEqual({
    code: 1,
    out: '',
    err: ["DIR/none.yaml: can't be read (ENOENT)"],
  })
  expect(await run(folder)).toEqual({ code: 1, out: '', err: ['DIR: not a file'] })
  expect(await run(file, { check: true, write: true })).toMatchObject({ code: 2, out: '' })
})
