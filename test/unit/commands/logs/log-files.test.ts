import { appendFile, mkdtemp, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { follow } from '../../../../src/commands/logs/follow.ts'
import { endOfLines, linesOf, logFiles, openLog } from '../../../../src/commands/logs/log-files.ts'
import { until } from '../../../support/until.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigia-logs-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function write(name: string, content: string | Buffer, ageS = 0): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  const time = Date.now() / 1000 - ageS
  await utimes(path, time, time)
  return path
}

async function all(path: string, end?: number): Promise<string[]> {
  const lines: string[] = []
  for await (const batch of linesOf(openLog(path, end))) lines.push(...batch)
  return lines
}

describe('the files of a log', () => {
  test('are those that rotation has made of it too, the oldest first, and no others', async () => {
    const path = await write('access.log', 'four\n', 50)
    await write('access.log.1', 'three\n', 10)
    await write('access.log.2.gz', gzipSync('one\ntwo\n'), 20)
    await write('access.log-20261101.gz', gzipSync('zero\n'), 30)
    await write('access.login', 'x', 5)
    await write('other.log', 'x', 5)
    const files = (await logFiles(path)).map(each => each.path.slice(folder.length + 1))
    expect(files).toEqual(['access.log-20261101.gz', 'access.log.2.gz', 'access.log.1', 'access.log'])
    const lines = await Promise.all((await logFiles(path)).map(each => all(each.path)))
    expect(lines.flat()).toEqual(['zero', 'one', 'two', 'three', 'four'])
    expect(await logFiles(join(folder, 'none', 'x'))).toEqual([])
  })

  test('end where their last whole line ends, however long the rest is', async () => {
    const path = await write('ends', `one\ntwo\n${'x'.repeat(200_000)}`)
    expect(await endOfLines(path)).toBe(8)
    expect(await all(path, 8)).toEqual(['one', 'two'])
    expect(await endOfLines(await write('no-end', 'abc'))).toBe(0)
    expect(await all(path, 0)).toEqual([])
    expect(await endOfLines(join(folder, 'nowhere'))).toBe(0)
  })

  test('a compressed one that is cut is an error, not its end', async () => {
    const zipped = gzipSync('one\n'.repeat(10_000))
    await expect(all(await write('cut.gz', zipped.subarray(0, zipped.length - 9)))).rejects.toThrow()
  })
})

describe('a follower', () => {
  test('sees each line once: as the log grows, over its rotation, and after it was cut', async () => {
    const path = await write('followed', 'old\n')
    const ending = new AbortController()
    const seen: string[] = []
    const done = (async () => {
      for await (const lines of follow(path, 4, ending.signal)) seen.push(...lines)
    })()
    const sees = (line: string) => until(line, async () => seen.includes(line))
    await appendFile(path, 'one\nhal')
    await sees('one')
    await appendFile(path, 'f\n')
    await sees('half')
    await rename(path, `${path}.1`)
    await appendFile(`${path}.1`, 'last\n')
    await writeFile(path, 'new\n')
    await sees('new')
    await truncate(path)
    await appendFile(path, 'a\n')
    await sees('a')
    ending.abort()
    await done
    expect(seen).toEqual(['one', 'half', 'last', 'new', 'a'])
  })
})
