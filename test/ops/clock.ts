// A real vigia whose clock is set under way: `node test/ops/clock.ts`. Outside of `npm test`: it needs the Debian package `faketime`, whose
// library answers for the wall clock of the process and leaves the monotonic one alone. Ends with 0 where all is well.

import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CAN_FAKE_CLOCK, fakeClockEnv, setClock } from '../support/fake-clock.ts'
import { startHttpUpstream } from '../support/http-upstream.ts'
import { until } from '../support/until.ts'
import { fetchText, startVigia } from '../support/vigia.ts'

const HOUR_S = 3600

if (!CAN_FAKE_CLOCK) {
  console.error('clock: faketime is missing: apt-get install --no-install-recommends faketime')
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'vigia-clock-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const step = (text: string) => console.log(`clock: ${text}`)

const clock = join(folder, 'clock')

const node = await startHttpUpstream('erp-1')
const beganMs = Date.now()
const vigia = await startVigia({
  upstreams: [node.port],
  ownProcess: true,
  env: fakeClockEnv(clock),
  config: {
    store: join(folder, 'vigia.db'),
    maintenance: [
      {
        name: 'night',
        pool: 'erp',
        start: new Date(beganMs + 2 * HOUR_S * 1000).toISOString().slice(0, 19),
        duration: '1h',
        timeZone: 'UTC',
        reason: 'patches',
      },
    ],
  },
})
const answers = async () => (await fetchText(vigia.port, '/')).status
const admin = async (path: string) => JSON.parse((await fetchText(vigia.adminPort, path)).body)
interface Audit {
  readonly rows: readonly { readonly action: string; readonly reason: string }[]
}
const steps = async () =>
  ((await admin('/audit?limit=50')) as Audit).rows.filter(({ action }) => action === 'clock.step')
/** Sets the clock, and waits until that is in the audit. */
const setAndSeen = async (wrongS: number, times: number) => {
  setClock(clock, wrongS)
  await until(`${times} steps are in the audit`, async () => (await steps()).length === times)
}

assert.equal(await answers(), 200)
await setAndSeen(4 * HOUR_S, 1)
assert.equal(await answers(), 200)
await setAndSeen(0, 2)
assert.equal(await answers(), 200)
step('a clock that is four hours ahead, and corrected, closes nothing, and is in the audit once each time')

await setAndSeen(2 * HOUR_S + 60, 3)
await until('the window is in force', async () => (await answers()) === 503)
step('the window that the wrong clock took for over takes place')

await setAndSeen(3 * HOUR_S + 60, 4)
await until('the window is over', async () => (await answers()) === 200)
step('and ends')

const [newest] = await steps()
assert.match(newest!.reason, /^the clock was set forward by 60\.0 min/)
const { startedAt, uptimeS } = await vigia.status()
assert.ok(Math.abs(Date.parse(startedAt) - beganMs - 3 * HOUR_S * 1000 - 60_000) < 60_000, startedAt)
assert.ok(uptimeS < 300, `${uptimeS}`)
const said = vigia.stdout() + vigia.stderr()
assert.equal(said.match(/the clock was set/g)?.length, 4)
step('each step is in the log once; vigia is up for as long as it is')

await vigia.stop()
await node.close()
