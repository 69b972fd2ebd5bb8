import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { serviceManager } from '../../../src/commands/service-manager.ts'
import { until } from '../../support/until.ts'

/** A folder whose systemd-notify writes down what it is told, and of which socket. */
async function notifying() {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const program = join(folder, 'systemd-notify')
  await writeFile(program, '#!/bin/sh\necho "$NOTIFY_SOCKET: $*" >>"$0.said"\n')
  await chmod(program, 0o755)
  const lines = async () => (await readFile(`${program}.said`, 'utf8').catch(() => '')).split('\n').filter(Boolean)
  return { path: `${folder}:/usr/bin:/bin`, lines }
}

test('systemd is told of the readiness, of the stop, and every now and then that vigia lives', async () => {
  const { path, lines } = await notifying()
  const env = { PATH: path, NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '60000', WATCHDOG_PID: '17' }
  const manager = serviceManager(env, 17, text => expect.fail(text))
  expect(env).toEqual({ PATH: path })
  await until('it lives', async () => (await lines()).includes('/run/x: WATCHDOG=1'))
  expect((await lines()).filter(line => !line.endsWith('WATCHDOG=1'))).toEqual([])
  manager.ready()
  await until('it is ready', async () => (await lines()).includes('/run/x: READY=1'))
  manager.stopping()
  await until('it stops', async () => (await lines()).some(line => line.startsWith('/run/x: STOPPING=1')))
  manager.end()
})

test('a watchdog of another process is not fed, and without a socket nobody is told', async () => {
  const { path, lines } = await notifying()
  const env = { PATH: path, NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '1000', WATCHDOG_PID: '18' }
  serviceManager(env, 17, text => expect.fail(text)).ready()
  serviceManager({ PATH: path }, 17, text => expect.fail(text)).ready()
  await until('the first is ready', async () => (await lines()).length > 0)
  expect(await lines()).toEqual(['/run/x: READY=1'])
})

test('where there is no systemd-notify, one line says so once', async () => {
  const warnings: string[] = []
  const env = { PATH: '/nowhere', NOTIFY_SOCKET: '/run/x' }
  const manager = serviceManager(env, 17, text => warnings.push(text))
  manager.ready()
  manager.stopping()
  await until('it is said', () => warnings.length > 0)
  expect(warnings).toEqual(["systemd can't be told how vigia is, which is done by systemd-notify: there is none"])
})
