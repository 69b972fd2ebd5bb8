import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { StatusReport } from '../../../src/admin/contract/status.ts'
import { freePort } from '../../support/free-port.ts'
import { STUCK_MS, until, within } from '../../support/until.ts'
import { fetchText } from '../../support/vigia.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url))

/** An upstream, and whoever holds the socket and starts vigia with it. @param listens the listener's host */
async function activator(listens = '127.0.0.1') {
  const node = createServer((_, response) => response.end('served'))
  await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
  const folder = await mkdtemp(join(tmpdir(), 'vigia-test-'))
  const [port, adminPort] = [await freePort(), await freePort()]
  const config = join(folder, 'vigia.yaml')
  const url = `http://127.0.0.1:${(node.address() as AddressInfo).port}`
  const document = {
    workers: 2,
    listeners: [{ name: 'web', address: `${listens}:${port}` }],
    routes: [{ pool: 'erp' }],
    pools: { erp: { health: 'off', upstreams: [{ name: 'erp-1', url }] } },
    admin: { address: `127.0.0.1:${adminPort}` },
  }
  await writeFile(config, JSON.stringify(document))
  const program = [process.execPath, join(FIXTURES, 'activated.ts'), config]
  const child = spawn('python3', [join(FIXTURES, 'activator.py'), String(port), ...program])
  let said = ''
  let log = ''
  child.stdout.on('data', chunk => (said += chunk))
  child.stderr.on('data', chunk => (log += chunk))
  /** Of the vigia that was started last, as long as it runs. */
  const pid = () => Number(/started (\d+)\n$/.exec(said)?.[1])
  const kill = (signal: NodeJS.Signals) => process.kill(pid(), signal)
  onTestFinished(async () => {
    if (pid() > 0) kill('SIGKILL')
    child.kill('SIGKILL')
    node.closeAllConnections()
    node.close()
    await rm(folder, { recursive: true, force: true })
  })
  const begin = () => {
    child.stdin.write('start\n')
    return until('a vigia begins', () => pid() > 0)
  }
  return { port, adminPort, begin, kill, said: () => said, log: () => log }
}

/** A request on a connection of its own. */
async function request(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: erp.test\r\nConnection: close\r\n\r\n')
  return within(STUCK_MS, 'an answer', text(socket))
}

test.runIf(spawnSync('python3', ['--version']).status === 0)(
  'with a socket that others hold, a worker that dies takes nothing with it, and who comes during a restart is served by the next vigia',
  async () => {
    const { port, adminPort, begin, kill, said } = await activator()
    await begin()
    expect(await request(port)).toContain('served')
    await until('all workers are there', async () => (await fetchText(adminPort, '/readyz')).status === 200)

    kill('SIGUSR2')
    await until('the first worker was replaced', async () => {
      const { workers } = JSON.parse((await fetchText(adminPort, '/status')).body) as StatusReport
      return workers[0]!.restarts === 1 && workers[0]!.state === 'ready'
    })
    const answers = await Promise.all(Array.from({ length: 20 }, () => request(port)))
    expect(answers.filter(answer => answer.includes('served'))).toHaveLength(20)

    kill('SIGTERM')
    await until('it has ended', () => said().includes('ended 0'))
    const early = request(port)
    await begin()
    expect(await early).toContain('served')
  },
)

test.runIf(spawnSync('python3', ['--version']).status === 0)(
  'a listener beside the socket ends the start, with both addresses and what to do',
  async () => {
    const { port, begin, said, log } = await activator('0.0.0.0')
    await begin()
    await until('it has ended', () => said().includes('ended 69'))
    expect(log()).toContain(
      `vigia: listener web: 0.0.0.0:${port} can't be bound beside 127.0.0.1:${port}, the socket that vigia was started with; give both the same address (vigia.socket: ListenStream=0.0.0.0:${port})`,
    )
  },
)
