// vigia why: an upstream that is out, and requests that were not plain, in words, from a vigia that runs.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vigiaCommand } from '../../support/command.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerBytes, answerOk } from '../../support/raw-answers.ts'
import { ask } from '../../support/raw-client.ts'
import { type Answer, RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { fetchText, type Vigia } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'

/** On a slow machine, too, the sound one stays in. */
const PATIENT = { interval: '10s', timeout: '10s', fall: 10 }

let vigia: Vigia
const upstreams: RawUpstream[] = []

const ELSEWHERE = 'HTTP/1.1 302 Found\r\nLocation: /web/login?token=hidden\r\nContent-Length: 0\r\n\r\n'

/** Resets what comes for /reset, fails its probe. */
const broken: Answer = async arrival => {
  await arrival.whole()
  if (arrival.target.startsWith('/health')) return answerBytes(ELSEWHERE)(arrival)
  if (arrival.target.startsWith('/reset')) return arrival.connection.reset()
  return answerOk(arrival)
}
const sound: Answer = async arrival => {
  if (arrival.target.startsWith('/reset')) {
    await arrival.whole()
    return arrival.connection.reset()
  }
  return answerOk(arrival)
}

beforeAll(async () => {
  for (const answer of [sound, broken]) upstreams.push(await RawUpstream.start(answer))
  vigia = await lendVigia({
    upstreams: upstreams.map(({ port }) => port),
    poolName: 'why',
    pool: { health: { path: '/health?key=hidden', ...PATIENT, headers: { Authorization: 'Bearer hidden' } } },
    config: {
      routes: [
        { name: 'closed', match: { path: '/closed' }, pool: 'why', access: { allow: ['192.0.2.1'] } },
        { name: 'all', pool: 'why' },
      ],
    },
  })
  await until('the second is out', async () => (await vigia.status()).pools[0]?.upstreams[1]?.state === 'out')
})
afterAll(async () => {
  await vigia.stop()
  await Promise.all(upstreams.map(each => each.close()))
})

const why = (...args: string[]) => vigiaCommand(['why', ...args, '--admin', `http://127.0.0.1:${vigia.adminPort}`])
const request = async (text: string) => {
  const answer = await ask(vigia.port, text, text.split(' ')[0])
  return { status: answer.status, id: field(answer, 'x-request-id')! }
}

describe('an upstream that is out', () => {
  test('is explained by what its probes asked and got, without secrets, and with what to do', async () => {
    const { code, stdout } = await why('why/erp-2')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^why\/erp-2 is OUT: it gets no requests, since /)
    expect(stdout).toContain(`GET http://127.0.0.1:${upstreams[1]?.port}/health?key=***`)
    expect(stdout).toContain('authorization: ***')
    expect(stdout).toContain('status 302, expected 200-299')
    expect(stdout).toMatch(/got: 302 .*Location: \/web\/login\n/)
    expect(stdout).toMatch(/What to do\n {2}It redirects/)
    expect(stdout).not.toContain('hidden')
  })

  test('is there as JSON; of a pool all are told; one that is not there is nearly another', async () => {
    const one = JSON.parse((await why('why/erp-2', '--json')).stdout) as { probes: { answer: string }[] }
    expect(one.probes[0]?.answer).toContain('302')
    expect((await why('why')).stdout).toMatch(/^why\/erp-1 serves,[\s\S]*\n\nwhy\/erp-2 is OUT/)
    const none = await why('why/erp-3')
    expect(none).toMatchObject({ code: 1, stdout: '' })
    expect(none.stderr).toContain('there is no upstream of why called "erp-3"; did you mean erp-')
  })
})

describe('a request that was not plain', () => {
  test('in doubt: its attempt, why it was not sent again, and how to settle it', async () => {
    const { status, id } = await request('POST /reset HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello')
    expect(status).toBe(502)
    const { code, stdout } = await why(id)
    expect(code).toBe(0)
    expect(stdout).toContain('POST a/reset was answered 502 (in-doubt).')
    expect(stdout).toMatch(/1\. erp-1, after .*bytes sent; FAILED: reset/)
    expect(stdout).toContain('Not sent again: bytes of it had been sent')
    expect(stdout).toContain('erp-1 available; erp-2 out')
    expect(stdout).toContain(`vigia in-doubt resolve ${id}`)
  })

  test('refused: by which route, and why; a plain one is not kept', async () => {
    const refused = await request('GET /closed HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(refused.status).toBe(403)
    expect((await why(refused.id)).stdout).toMatch(/was answered 403 \(forbidden\)[\s\S]*Route closed, pool why/)
    const plain = await request('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(plain.status).toBe(200)
    const unknown = await why(plain.id)
    expect(unknown).toMatchObject({ code: 1, stdout: '' })
    expect(unknown.stderr).toContain('the access log is off')
  })

  test('can be asked for over the API, which describes it', async () => {
    const { status, body } = await fetchText(vigia.adminPort, '/requests/none')
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ requestId: 'none', stories: [], inDoubt: [], silentWorkers: [] })
    const { paths } = JSON.parse((await fetchText(vigia.adminPort, '/openapi.json')).body)
    expect(paths['/requests/{requestId}'].get.responses['200']).toBeDefined()
    expect(paths['/pools/{pool}/upstreams/{upstream}'].get.tags).toEqual(['explain'])
  })
})

describe('vigia doctor', () => {
  const doctor = (...args: string[]) =>
    vigiaCommand(['doctor', '--admin', `http://127.0.0.1:${vigia.adminPort}`, '--json', ...args])

  test('finds the vigia that runs and its file, and asks its upstreams from here', async () => {
    const { code, stdout } = await doctor()
    // One upstream is out, so something is wrong.
    expect(code).toBe(1)
    const { findings } = JSON.parse(stdout) as { findings: { check: string; severity: string; what: string }[] }
    const of = (check: string) => findings.find(each => each.check === check)
    expect(of('vigia')).toMatchObject({ severity: 'ok' })
    expect(of('configuration')?.what).toBe(`${vigia.configFile} can be used`)
    expect(of('listener web')).toMatchObject({ severity: 'ok', what: expect.stringContaining("is vigia's alone") })
    expect(of('probe why/erp-2')).toMatchObject({ severity: 'error', what: expect.stringContaining('status 302') })
    expect(of('probe why/erp-1')?.severity).toBe('ok')
    expect(findings.filter(each => each.what.includes('hidden'))).toEqual([])
  })

  test('works where none runs: of the ports others are told, and nobody is probed who should not be', async () => {
    const nobody = await vigiaCommand([
      ...['doctor', '--admin', 'http://127.0.0.1:1', '-c', '/nowhere.yaml', '--json', '--no-probes'],
    ])
    expect(nobody.code).toBe(1)
    const { findings } = JSON.parse(nobody.stdout) as { findings: { check: string; severity: string }[] }
    expect(findings.find(each => each.check === 'vigia')?.severity).toBe('note')
    expect(findings.find(each => each.check === 'configuration')?.severity).toBe('error')
    expect(findings.filter(each => each.check.startsWith('probe'))).toEqual([])
  })
})

test('vigia top without a terminal is one picture, or JSON', async () => {
  const args = ['top', '--admin', `http://127.0.0.1:${vigia.adminPort}`]
  const { code, stdout } = await vigiaCommand(args)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^vigia [\s\S]*\nPOOL +STATE +REQ\/S[\s\S]*\nwhy +1 of 2 [\s\S]*\n {2}erp-2 +out /)
  const { pools } = JSON.parse((await vigiaCommand([...args, '--json'])).stdout) as { pools: { name: string }[] }
  expect(pools.map(({ name }) => name)).toEqual(['why'])
  expect((await vigiaCommand([...args, '--delay', 'x'])).code).toBe(2)
})
