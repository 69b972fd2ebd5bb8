import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const FIXTURE = fileURLToPath(new URL('./fixtures/vanishing-client.ts', import.meta.url))
const mayUnshare = spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).status === 0

test.skipIf(!mayUnshare)('a machine that has vanished is noticed, also where nobody reads its connection', () => {
  const { stdout } = spawnSync('unshare', ['-rn', process.execPath, FIXTURE], { timeout: 60_000, encoding: 'utf8' })
  expect(stdout.trim()).toBe('ETIMEDOUT')
})
