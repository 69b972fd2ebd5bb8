// `vigia run --last-good`: a start on a broken file uses the last configuration that could be used, and says so everywhere.

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { StatusReport } from '../../../src/admin/contract/status.ts'
import { vigiaCommand } from '../../support/command.ts'
import { freePort } from '../../support/free-port.ts'
import { type Run, runHosted } from '../../support/host.ts'
import { until } from '../../support/until.ts'
import { fetchText } from '../../support/vigia.ts'

test('a start on a broken file uses the last good configuration, loudly; the mended file is applied at once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-last-good-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'vigia.yaml')
  const [web, admin] = [await freePort(), await freePort()]
  const good = `
workers: 1
listeners: [{ name: web, address: "127.0.0.1:${web}" }]
admin: { address: "127.0.0.1:${admin}" }
accessLog: false
routes: [{ pool: erp }]
pools: { erp: { health: off, upstreams: [{ name: erp-1, url: "http://127.0.0.1:9" }] } }
`
  const broken = `${good}oops: 1\n`
  const start = async (): Promise<Run> => {
    const run = runHosted(['run', '-c', file, '--last-good'])
    onTestFinished(() => run.kill('SIGKILL'))
    await until('it is ready', async () => {
      if (run.exit !== undefined) throw new Error(run.stderr())
      return (await fetchText(admin, '/readyz').catch(() => undefined))?.status === 200
    })
    return run
  }
  const status = async () => JSON.parse((await fetchText(admin, '/status')).body) as StatusReport

  writeFileSync(file, broken)
  const none = await vigiaCommand(['run', '-c', file, '--last-good'])
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('there is none yet') })

  writeFileSync(file, good)
  const first = await start()
  await until('it is kept', () => statSync(`${file}.last-good`, { throwIfNoEntry: false }) !== undefined)
  expect(statSync(`${file}.last-good`).mode & 0o777).toBe(0o600)
  first.kill('SIGTERM')
  await first.exited

  writeFileSync(file, broken)
  expect(await vigiaCommand(['run', '-c', file])).toMatchObject({ code: 1 })
  const second = await start()
  expect(second.stderr()).toMatch(/LAST GOOD CONFIGURATION: .*vigia.yaml can't be used/)
  expect((await status()).configuration.fileDiffers).toMatchObject({
    why: 'last-good',
    nextStart: 'last-good',
    problem: expect.stringContaining('oops'),
  })
  expect((await fetchText(admin, '/metrics')).body).toContain('vigia_config_file_differs{reason="last-good"} 1')
  const { stdout } = await vigiaCommand(['status', '--admin', `127.0.0.1:${admin}`])
  expect(stdout).toContain('LAST GOOD CONFIGURATION: ')

  writeFileSync(file, good.replace('erp-1', 'erp-2'))
  await until('the mended file is in use', async () => (await status()).pools[0]!.upstreams[0]!.name === 'erp-2')
  await until('status says so', async () => (await status()).configuration.fileDiffers === null)
  second.kill('SIGTERM')
  await second.exited
})
