// The store on disks that are really full or read-only, and in processes that are really killed.

import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { inspectStore } from '../../../src/store/backup/inspect.ts'
import { branch, whole } from '../../support/random.ts'
import { openTestStore, storeFolder } from '../../support/store.ts'
import { amount } from '../../support/thorough.ts'
import { sleep, until } from '../../support/until.ts'

const FULL_DISK = fileURLToPath(new URL('../fixtures/store-full-disk.ts', import.meta.url))
const WRITING = fileURLToPath(new URL('../fixtures/store-writing.ts', import.meta.url))
const NOBODY = 65_534

const MOUNTED = ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=1500k none "$0" && exec "$@"']
const canMount = spawnSync('unshare', [...MOUNTED, '/mnt', 'true']).status === 0
const canLimit = spawnSync('prlimit', ['--version']).status === 0

interface Outcome {
  readonly refusal: { readonly code: string; readonly message: string } | undefined
  readonly during: { readonly status: string; readonly waiting: number; readonly dropped: number }
  readonly readable: number | undefined
  readonly kept: readonly number[]
  readonly overrides: readonly string[]
  readonly lost: readonly { readonly transition: number }[]
  readonly dropped: number
  readonly fault: string | undefined
  readonly statuses: readonly string[]
}

async function onFullDisk(means: string, folder: string, options: SpawnOptions = {}): Promise<Outcome> {
  const run = [process.execPath, FULL_DISK, means, join(folder, 'vigia.db')]
  const [command, ...args] = means === 'room' ? ['unshare', ...MOUNTED, folder, ...run] : run
  const child = spawn(command!, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const { code, stdout, stderr } = await ended(child)
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Outcome
}

function ended(child: ReturnType<typeof spawn>): Promise<{ code: number | null; stdout: string; stderr: string }> {
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return new Promise(resolve => {
    let stdout = ''
    let stderr = ''
    child.stdout!.on('data', chunk => {
      stdout += chunk
    })
    child.stderr!.on('data', chunk => {
      stderr += chunk
    })
    child.on('close', code => resolve({ code, stdout, stderr }))
  })
}

/** Whatever kept it from writing: it went on, refused what it could not record, and caught up in order. */
function expectCatchUp(outcome: Outcome, words: RegExp): void {
  const { refusal, during, kept, overrides, lost, dropped, fault, statuses } = outcome
  expect(refusal).toMatchObject({ code: 'not-written', message: expect.stringMatching(words) })
  expect(during).toMatchObject({ status: 'degraded' })
  expect(during.waiting).toBeLessThanOrEqual(300)
  expect(during.waiting + during.dropped).toBe(1_000)
  // Newest first. The very first may have been with the thread already when the oldest had to make room.
  expect(kept).toHaveLength(1_000 - dropped)
  expect(kept.slice(0, -1)).toEqual(Array.from({ length: 999 - dropped }, (_, index) => 999 - index))
  expect(lost).toMatchObject([{ transition: dropped }])
  expect(overrides).toEqual(['erp-1', 'erp-3'])
  expect(fault).toBeUndefined()
  expect(statuses[0]).toBe('degraded')
  expect(statuses.at(-1)).toBe('ok')
}

test.skipIf(!canMount)(
  'a store whose disk has no room left goes on, can be read, and catches up when there is room',
  async () => {
    const outcome = await onFullDisk('room', storeFolder())
    expectCatchUp(outcome, /no room left on the disk/)
    expect(outcome.readable).toBe(1)
  },
)

test.skipIf(!canLimit)('a store whose file may not grow goes on and catches up when it may', async () => {
  expectCatchUp(await onFullDisk('limit', storeFolder()), /look at its disk/)
})

test('a store that may only be read goes on and catches up when it may be written', async () => {
  const folder = join(storeFolder(), 'own')
  mkdirSync(folder)
  // Permissions mean nothing to root.
  const root = process.getuid?.() === 0
  if (root) {
    chownSync(join(folder, '..'), NOBODY, NOBODY)
    chownSync(folder, NOBODY, NOBODY)
  }
  expectCatchUp(await onFullDisk('mode', folder, root ? { uid: NOBODY, gid: NOBODY } : {}), /permissions/)
})

interface Acknowledged {
  readonly count: number
  readonly seq: number
  readonly hash: string
}

/** Lets a process write, kills it at a random moment, and returns what it had been told is durable. */
async function writeUntilKilled(path: string, from: number, afterMs: number): Promise<readonly Acknowledged[]> {
  const child = spawn(process.execPath, [WRITING, path, String(from)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let seen = ''
  child.stdout.on('data', chunk => {
    seen += chunk
  })
  const end = ended(child)
  await until('it has begun to write', () => seen.includes('\n'))
  await sleep(afterMs)
  child.kill('SIGKILL')
  const { stdout } = await end
  // The last line may be half a line.
  return stdout
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as Acknowledged)
}

const LANES = 3
const KILLS = amount(4, 2)

test(`after each of ${LANES * KILLS} kills the store is sound, its audit whole, and every acknowledged change there`, async () => {
  const folder = storeFolder()
  const random = branch(11, 'kills')
  await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      const path = join(folder, `vigia-${lane}.db`)
      const acknowledged: Acknowledged[] = []
      for (let kill = 0; kill < KILLS; kill += 1) {
        acknowledged.push(
          ...(await writeUntilKilled(path, (acknowledged.at(-1)?.count ?? -1) + 1, whole(0, 30, random))),
        )
        expect(inspectStore(path, 'full').audit?.fault).toBeUndefined()
        expectAllThere(path, acknowledged)
      }
      // The kernel has let go of the lock.
      const { store } = await openTestStore(path)
      expect(store.health().status).toBe('ok')
    }),
  )
})

function expectAllThere(path: string, acknowledged: readonly Acknowledged[]): void {
  const db = new DatabaseSync(path, { readOnly: true })
  const stored = new Map(
    db
      .prepare('SELECT seq, hash FROM audit')
      .all()
      .map(({ seq, hash }) => [Number(seq), String(hash)]),
  )
  for (const { seq, hash } of acknowledged) expect(stored.get(seq)).toBe(hash)
  // An order and its audit row are one: the newest row of a subject is what its override says.
  const apart = db
    .prepare(
      `SELECT pool || '/' || upstream AS place, value_json FROM override WHERE value_json <>
         (SELECT after_json FROM audit WHERE subject = pool || '/' || upstream ORDER BY seq DESC LIMIT 1)`,
    )
    .all()
  expect(apart).toEqual([])
  db.close()
}
