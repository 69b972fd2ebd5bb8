// Every way in which files are replaced is seen, once; what only looks like a change is none.

import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { list } from '../../../../src/config/read/include/listing.ts'
import { fingerprint, fingerprintNow } from '../../../../src/config/read/inputs.ts'
import { InputWatch } from '../../../../src/config/read/watch.ts'
import { sleep, until } from '../../../support/until.ts'

const TIMES = { quietMs: 30, longestMs: 400, lookMs: 60_000 }

let folder: string
let watch: InputWatch | undefined
let told = 0
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-watch-'))
  told = 0
})
afterEach(() => {
  watch?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Watches files as they are now, and is ready to see events. */
async function follow(files: readonly string[], times: Partial<typeof TIMES> = {}): Promise<InputWatch> {
  const deaf: string[] = []
  watch = new InputWatch({ ...TIMES, ...times, onChange: () => (told += 1), onDeaf: why => deaf.push(why) })
  watch.follow(new Map(await Promise.all(files.map(async file => [file, await fingerprintNow(file)] as const))))
  // The first look, which comes by itself, and the folders' watchers are behind us then.
  await sleep(100)
  expect(deaf).toEqual([])
  return watch
}

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const seen = (count = 1) => until(`${count} changes are told`, () => told >= count)
/** Long enough for anything that would still be told. */
const settle = () => sleep(TIMES.quietMs * 5)

describe('a change is told', () => {
  test('when a file is written in place, in many steps, once', async () => {
    const file = write('a.yaml', 'one')
    await follow([file], { quietMs: 300, longestMs: 5000 })
    truncateSync(file, 0)
    for (let i = 0; i < 5; i += 1) {
      appendFileSync(file, `line ${i}\n`)
      await sleep(5)
    }
    await seen()
    await settle()
    expect(told).toBe(1)
  })

  test('when another file is renamed over it, again and again', async () => {
    const file = write('a.yaml', 'one')
    await follow([file])
    for (let i = 1; i <= 3; i += 1) {
      renameSync(write('.a.yaml.tmp', `text ${i}`), file)
      await seen(i)
    }
    expect(told).toBe(3)
  })

  test('when an editor moves the old one away and writes another', async () => {
    const file = write('a.yaml', 'one')
    await follow([file], { longestMs: 5000 })
    renameSync(file, `${file}~`)
    await sleep(TIMES.quietMs * 3)
    writeFileSync(file, 'two')
    await seen()
    rmSync(`${file}~`)
    await settle()
    expect(told).toBe(1)
  })

  test('when the folder that a link goes through is swapped, as Kubernetes does it', async () => {
    for (const [name, text] of [
      ['..first', 'one'],
      ['..second', 'two'],
    ] as const) {
      mkdirSync(join(folder, name))
      write(join(name, 'a.yaml'), text)
    }
    symlinkSync('..first', join(folder, '..data'))
    symlinkSync(join('..data', 'a.yaml'), join(folder, 'a.yaml'))
    const file = join(folder, 'a.yaml')
    await follow([file])
    symlinkSync('..second', join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    rmSync(join(folder, '..first'), { recursive: true })
    await seen()
    expect(readFileSync(file, 'utf8')).toBe('two')
    // In the folder that it leads to now.
    write(join('..second', 'a.yaml'), 'three')
    await seen(2)
    expect(told).toBe(2)
  })

  test('when the file behind a link is written in its own folder', async () => {
    mkdirSync(join(folder, 'real'))
    mkdirSync(join(folder, 'etc'))
    const real = write('real/other-name.yaml', 'one')
    symlinkSync(real, join(folder, 'etc/a.yaml'))
    await follow([join(folder, 'etc/a.yaml')])
    writeFileSync(real, 'two')
    await seen()
  })

  test('when any of several files changes', async () => {
    const files = [write('a.yaml', 'one'), write('key.pem', 'k')]
    await follow(files)
    writeFileSync(files[1]!, 'other key')
    await seen()
  })

  test('when a file is gone for good, and when it is back', async () => {
    const file = write('a.yaml', 'one')
    await follow([file])
    const goneMs = performance.now()
    rmSync(file)
    await seen()
    expect(performance.now() - goneMs).toBeGreaterThan(TIMES.longestMs - 50)
    write('a.yaml', 'one')
    await seen(2)
  })

  test('when its whole folder is replaced', async () => {
    mkdirSync(join(folder, 'etc'))
    const file = write('etc/a.yaml', 'one')
    await follow([file], { lookMs: 50 })
    renameSync(join(folder, 'etc'), join(folder, 'old'))
    mkdirSync(join(folder, 'etc'))
    write('etc/a.yaml', 'two')
    await seen()
    write('etc/a.yaml', 'three')
    await seen(2)
  })

  test('when no event tells of it', async () => {
    mkdirSync(join(folder, 'etc'))
    mkdirSync(join(folder, 'elsewhere'))
    const file = write('etc/a.yaml', 'one')
    // Written through its other name, its own folder says nothing.
    linkSync(file, join(folder, 'elsewhere/b.yaml'))
    await follow([file], { lookMs: 600 })
    await settle()
    // Before the first look ...
    write('elsewhere/b.yaml', 'two')
    await seen()
    // ... and after it.
    write('elsewhere/b.yaml', 'three')
    await seen(2)
  })

  describe('of a pattern', () => {
    /** Watches what a pattern means now; its files are not among what is watched. */
    async function followPattern(pattern: string, times: Partial<typeof TIMES> = {}): Promise<void> {
      const path = join(folder, pattern)
      watch = new InputWatch({ ...TIMES, ...times, onChange: () => (told += 1), onDeaf: () => {} })
      watch.follow(new Map([[path, list(path).print]]))
      await sleep(100)
    }

    test('when a file comes, once it is written, and when one goes', async () => {
      mkdirSync(join(folder, 'conf.d'))
      const other = write('conf.d/a.yaml', 'one')
      await followPattern('conf.d/*.yaml', { quietMs: 300, longestMs: 5000 })
      const file = write('conf.d/b.yaml', '')
      for (let i = 0; i < 5; i += 1) {
        await sleep(100)
        appendFileSync(file, 'line\n')
      }
      expect(told).toBe(0)
      await seen()
      rmSync(other)
      await seen(2)
    })

    test('when its folder comes', async () => {
      await followPattern('conf.d/*.yaml', { lookMs: 50 })
      mkdirSync(join(folder, 'conf.d'))
      write('conf.d/a.yaml', 'one')
      await seen()
    })

    test('not when other files come, or a hidden one', async () => {
      await followPattern('*.yaml')
      for (const name of ['README', '.a.yaml.swp', '.a.yaml', 'a.yaml~']) write(name, 'one')
      await settle()
      expect(told).toBe(0)
      write('a.yaml', 'one')
      await seen()
    })
  })

  test('when it was changed after it was read and before it was watched', async () => {
    const file = write('a.yaml', 'two')
    watch = new InputWatch({ ...TIMES, onChange: () => (told += 1), onDeaf: () => {} })
    watch.follow(new Map([[file, fingerprint(Buffer.from('one'))]]))
    await seen()
  })

  test('after the longest time, where it never comes to rest', async () => {
    const file = write('a.yaml', 'one')
    await follow([file], { longestMs: 200 })
    for (let i = 0; told === 0 && i < 200; i += 1) {
      appendFileSync(file, 'x')
      await sleep(10)
    }
    expect(told).toBeGreaterThan(0)
  })
})

describe('nothing is told', () => {
  test('when a file is written with what it held', async () => {
    const file = write('a.yaml', 'one')
    await follow([file])
    writeFileSync(file, 'one')
    renameSync(write('tmp', 'one'), file)
    await settle()
    expect(told).toBe(0)
  })

  test('when a file is gone, or empty, for a moment', async () => {
    const file = write('a.yaml', 'one')
    await follow([file], { longestMs: 5000 })
    rmSync(file)
    await sleep(TIMES.quietMs * 3)
    write('a.yaml', 'one')
    truncateSync(file, 0)
    await sleep(TIMES.quietMs * 3)
    write('a.yaml', 'one')
    await settle()
    expect(told).toBe(0)
  })

  test('when a file is gone for a moment while others of its folder come and go', async () => {
    const file = write('a.yaml', 'one')
    const longestMs = 600
    await follow([file], { longestMs })
    const noise = setInterval(() => renameSync(write('tmp', ''), join(folder, 'other')), 5)
    await sleep(longestMs - 150)
    rmSync(file)
    await sleep(200)
    write('a.yaml', 'one')
    clearInterval(noise)
    await settle()
    expect(told).toBe(0)
  })

  test('when other files of the folder are written', async () => {
    const file = write('a.yaml', 'one')
    await follow([file])
    write('access.log', 'a line')
    await settle()
    expect(told).toBe(0)
  })

  test('of files that are not followed any more, or after the end', async () => {
    const file = write('a.yaml', 'one')
    const watching = await follow([file])
    watching.follow(new Map())
    await settle()
    write('a.yaml', 'two')
    await settle()
    expect(told).toBe(0)
    watching.close()
    watching.followAlso(new Map([[file, 'x']]))
    await settle()
    expect(told).toBe(0)
  })
})
