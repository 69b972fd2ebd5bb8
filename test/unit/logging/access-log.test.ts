// The destination of access lines: files that fill up, move away or can't be written, readers that don't read.

import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, open, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openAccessLog } from '../../../src/logging/access-log.ts'
import { ChunkWriter } from '../../../src/logging/chunk-writer.ts'
import { LineBuffer } from '../../../src/logging/line-buffer.ts'
import { IN_TIME, until } from '../../support/until.ts'
import { addLine } from './add-line.ts'

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each()
})

async function file(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-test-'))
  cleanUp.push(() => rm(folder, { recursive: true, force: true }))
  return join(folder, name)
}

const text = (path: string) => readFile(path, 'utf8').catch(() => '')
const numbers = (content: string) =>
  content
    .split('\n')
    .slice(0, -1)
    .map(line => (JSON.parse(line) as { i: number }).i)
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

function openLog(destination: string) {
  const said: string[] = []
  const log = openAccessLog({ destination }, (level, message) => said.push(`${level}: ${message}`))
  cleanUp.push(() => log.close())
  const add = (i: number, padding = '') => addLine(log.lines, JSON.stringify({ i, padding }))
  return { log, add, said }
}

/** A writer of small chunks of its own. */
function openWriter(path: string, heldBytes = 1024 * 1024) {
  const said: string[] = []
  const writer = new ChunkWriter({ path, chunkBytes: 256, heldBytes, say: (_, message) => said.push(message) })
  const lines = new LineBuffer(256, writer)
  const add = (i: number) => addLine(lines, JSON.stringify({ i }))
  return { writer, lines, add, said }
}

test('closing writes every line that was buffered, in order', async () => {
  const path = await file('sub/access.log')
  const { log, add, said } = openLog(path)
  for (let i = 0; i < 20_000; i += 1) add(i, 'x'.repeat(i % 50))
  add(20_000, 'y'.repeat(300_000))
  add(20_001)
  await log.close()
  expect(numbers(await text(path))).toEqual(upTo(20_002))
  expect([log.lines.dropped, said]).toEqual([0, []])
})

test('lines reach the file soon, without a close', async () => {
  const path = await file('access.log')
  const { add } = openLog(path)
  add(1)
  await until('the line is written', async () => numbers(await text(path)).length === 1)
})

test('after a rotation the lines go to the new file', async () => {
  const path = await file('access.log')
  const { log, add } = openLog(path)
  add(1)
  await until('the line is written', async () => (await text(path)) !== '')
  await rename(path, `${path}.1`)
  log.reopen()
  await until('the new file is there', () =>
    readFile(path).then(
      () => true,
      () => false,
    ),
  )
  add(2)
  await log.close()
  expect([numbers(await text(`${path}.1`)), numbers(await text(path))]).toEqual([[1], [2]])
})

test('rotations in the middle of the traffic lose no line, cut none and keep their order', async () => {
  const path = await file('access.log')
  const { writer, lines, add } = openWriter(path)
  let i = 0
  for (let round = 0; round < 10; round += 1) {
    for (let n = 0; n < 300; n += 1) add(i++)
    await until('the file is there', async () => (await text(path)) !== '')
    await rename(path, `${path}.${round}`)
    writer.reopen()
    for (let n = 0; n < 300; n += 1) add(i++)
  }
  lines.flush()
  expect(await writer.close(5000)).toBe(0)
  const contents = await Promise.all([...upTo(10).map(round => text(`${path}.${round}`)), text(path)])
  expect(numbers(contents.join(''))).toEqual(upTo(6000))
})

test('a file that can not be opened again leaves the log where it is, and says so', async () => {
  const path = await file('access.log')
  const { writer, lines, add, said } = openWriter(path)
  add(0)
  lines.flush()
  await until('the line is written', async () => (await text(path)) !== '')
  await rename(path, `${path}.1`)
  await mkdir(path)
  writer.reopen()
  await until('it is said', () => said.length > 0)
  add(1)
  lines.flush()
  expect(await writer.close(5000)).toBe(0)
  expect(numbers(await text(`${path}.1`))).toEqual([0, 1])
  expect(said).toEqual([expect.stringContaining('goes on in the file that is open: EISDIR')])
})

test('a full disk costs lines, nothing else: it is said why and how many', IN_TIME, async () => {
  const { log, add, said } = openLog('/dev/full')
  for (let i = 0; i < 2000; i += 1) add(i)
  await until('it is said', () => said.length > 0)
  const began = performance.now()
  await log.close()
  expect(performance.now() - began).toBeLessThan(1500)
  expect(said).toEqual([
    expect.stringMatching(/^warn: the access log can't be written to \/dev\/full: ENOSPC/),
    'warn: access log: 2000 lines were dropped: ENOSPC',
  ])
})

test('what waits is bounded: the oldest lines stay, those that find no room are counted', () => {
  const { writer, lines, add } = openWriter('/dev/full', 20_000)
  for (let i = 0; i < 2000; i += 1) add(i)
  expect(lines.dropped).toBeGreaterThan(1000)
  expect(lines.dropped).toBeLessThan(2000)
  return writer.close(1000).then(lost => expect(lost + lines.dropped).toBeGreaterThan(1900))
})

test('what could not be written goes, in order and whole, to the file that is opened next', async () => {
  const folder = await file('sub')
  // Where a folder should be is a file: nothing can be opened there.
  await (await open(folder, 'w')).close()
  const path = join(folder, 'access.log')
  const { writer, lines, add, said } = openWriter(path)
  for (let i = 0; i < 100; i += 1) add(i)
  lines.flush()
  await until('it is said', () => said.length === 1)
  await rm(folder)
  writer.reopen()
  await until('all is there', async () => numbers(await text(path)).length === 100)
  expect(await writer.close(1000)).toBe(0)
  expect(numbers(await text(path))).toEqual(upTo(100))
  expect(said.at(-1)).toContain('again')
})

test('a pipe whose reader stops reading holds nobody up, and gets whole lines when it reads again', async () => {
  // A process of its own: its stdout is the pipe.
  const program = `
    const { openAccessLog } = await import(${JSON.stringify(new URL('../../../src/logging/access-log.ts', import.meta.url).href)})
    const log = openAccessLog('stdout', (level, message) => process.stderr.write(message + '\\n'))
    const began = performance.now()
    for (let i = 0; i < 100000; i += 1) {
      const bytes = Buffer.from(JSON.stringify({ i, padding: 'x'.repeat(200) }) + '\\n')
      const chunk = log.lines.begin(bytes.length)
      if (chunk !== undefined) log.lines.end(log.lines.at + bytes.copy(chunk, log.lines.at))
    }
    process.stderr.write('added\\n')
    process.stdin.once('data', async () => { await log.close(); process.stderr.write('dropped ' + log.lines.dropped + '\\n'); process.exit() })
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' })
  cleanUp.push(() => child.kill('SIGKILL'))
  let errors = ''
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  await until('all lines were added while nobody reads', () => errors.includes('added'))
  let out = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stdin.write('x')
  await until('it has ended', () => child.exitCode !== null && child.stdout.readableEnded)
  const seen = numbers(out)
  const dropped = Number(/dropped (\d+)$/m.exec(errors)?.[1])
  expect(dropped).toBeGreaterThan(0)
  expect(seen).toEqual(upTo(seen.length))
  expect(seen.length + dropped).toBe(100_000)
  expect(errors).toContain(`${dropped} lines were dropped`)
})

test('a file that others may have named is made for its owner alone, and is never written through a link', async () => {
  const path = await file('access.log')
  const aim = `${path}.aim`
  await symlink(aim, `${path}.link`)
  const said: string[] = []
  const logs = [path, `${path}.link`].map(destination =>
    openAccessLog({ destination, guarded: true }, (level, message) => said.push(`${level}: ${message}`)),
  )
  for (const { lines } of logs) addLine(lines, JSON.stringify({ i: 0 }))
  await Promise.all(logs.map(log => log.close()))
  expect(numbers(await text(path))).toEqual([0])
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await stat(aim).catch(() => 'none')).toBe('none')
  expect(said.join()).toContain('ELOOP')
})
