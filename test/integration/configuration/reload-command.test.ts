// POST /reload and `vigia reload`: what they answer, and with which exit code.

import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { vigiaCommand } from '../../support/command.ts'
import { freePort } from '../../support/free-port.ts'
import { RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

let upstream: RawUpstream
let vigia: Vigia
beforeAll(async () => {
  upstream = await RawUpstream.start()
  vigia = await startVigia({ upstreams: [upstream.port], config: { watch: false } })
})
afterAll(async () => {
  try {
    await vigia?.stop()
  } finally {
    await upstream?.close()
  }
})

const reload = (...args: string[]) => vigiaCommand(['reload', '--admin', `127.0.0.1:${vigia.adminPort}`, ...args])
const post = (body: object, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${vigia.adminPort}/reload`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

test('a changed file is in use when the command ends, and the command lists what has changed', async () => {
  await vigia.writeConfig({ watch: false, shutdown: '20s' })
  const { code, stdout, stderr } = await reload('--by', 'ana')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toBe('revision 2 is in use: 1 change\n  shutdown 30s -> 20s\n')
  const status = await vigia.status()
  expect(status.workers.map(({ revision }) => revision)).toEqual([2])
  expect(status.configuration).toMatchObject({ revision: 2, source: 'cli', lastReload: { ok: true } })
  await until('it is logged', () => vigia.stderr().includes('asked for on the command line by ana'))
  expect(await reload()).toMatchObject({ code: 0, stdout: 'nothing to apply: revision 2 is what the file says\n' })
})

test('a file with errors is refused with each of them, and the exit code is 1', async () => {
  writeFileSync(vigia.configFile, 'pools: {}\nroutes: []\nlisteners: []\nnonsense: 1\n')
  const { code, stdout, stderr } = await reload()
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/vigia\.yaml:4:1: nonsense: unknown key/)
  expect(stderr.trimEnd().split('\n').at(-1)).toBe('vigia: the configuration that was in use stays')
  const refused = await post({})
  expect(refused.status).toBe(422)
  expect(await refused.json()).toMatchObject({
    status: 422,
    problems: expect.arrayContaining([expect.stringContaining('nonsense')]),
  })
})

test('no vigia there is another exit code', async () => {
  const { code, stderr } = await vigiaCommand(['reload', '--admin', `127.0.0.1:${await freePort()}`])
  expect(code).toBe(2)
  expect(stderr).toMatch(/^vigia: no answer from vigia at .*: connection refused/)
})

test('browsers, and bodies that are not understood, are refused', async () => {
  expect((await post({}, { origin: 'http://evil.example' })).status).toBe(403)
  expect((await post({ nonsense: 1 })).status).toBe(400)
  expect((await post({ override: true })).status).toBe(400)
  expect((await fetch(`http://127.0.0.1:${vigia.adminPort}/reload`)).status).toBe(405)
})

test('whoever asks for a reload that moves the admin listener still gets the answer', async () => {
  const moved = await freePort()
  const { revision } = await vigia.status()
  writeFileSync(
    vigia.configFile,
    JSON.stringify({
      watch: false,
      workers: 1,
      listeners: [{ name: 'web', address: `127.0.0.1:${vigia.port}` }],
      routes: [{ pool: 'erp' }],
      pools: { erp: { health: 'off', upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${upstream.port}` }] } },
      admin: { address: `127.0.0.1:${moved}` },
    }),
  )
  const answer = await post({})
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({ result: 'applied', revision: revision + 1 })
  expect((await fetch(`http://127.0.0.1:${moved}/healthz`)).status).toBe(200)
  await expect(RawClient.connect(vigia.adminPort)).rejects.toThrow()
})
