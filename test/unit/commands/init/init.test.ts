// vigia init: what it writes can be run, agrees with the examples, and says what answered; wrong words are refused in one line.

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { configurationFor } from '../../../../src/commands/init/configuration.ts'
import { init } from '../../../../src/commands/init/init.ts'
import { parseNodes } from '../../../../src/commands/init/nodes.ts'
import { ERPS, profileOf } from '../../../../src/commands/init/profiles.ts'
import { formatConfig } from '../../../../src/config/shown/format.ts'
import { problemsOf } from '../../config/support.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigia-init-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SECRET = '0123456789abcdef0123456789abcdef'
const nodesOf = (text: string) => {
  const nodes = parseNodes(text)
  if ('wrong' in nodes) throw new Error(nodes.wrong)
  return nodes
}

describe('what is written', () => {
  test.each(ERPS)('%s: can be run as it is, with nodes, a second site and a host name', erp => {
    const text = configurationFor(
      {
        erp,
        nodes: nodesOf('10.0.0.11, https://erp-2:8443'),
        secondSite: nodesOf('10.9.0.11'),
        host: 'erp.example.com',
        secret: SECRET,
        isService: false,
      },
      'schema.json',
    )
    expect(problemsOf(text)).toEqual([])
    // As `vigia fmt` writes it.
    expect(formatConfig(Buffer.from(text), 'vigia.yaml')).toEqual({ ok: true, text })
    const { pools, routes } = parse(text)
    const [first] = profileOf(erp).pools
    const urls = pools[first!.name].upstreams.map(({ url }: { url: string }) => url)
    expect(urls).toEqual([`http://10.0.0.11:${first!.port}`, 'https://erp-2:8443', `http://10.9.0.11:${first!.port}`])
    expect(pools[first!.name].upstreams[2].priority).toBe(1)
    expect(routes.at(-1).match.host).toBe('erp.example.com')
  })

  test.each(ERPS.filter(erp => erp !== 'other' && erp !== 'tryton'))('%s: is probed as its example says', erp => {
    const example = parse(readFileSync(`config/examples/${erp}.yaml`, 'utf8'), { merge: true })
    for (const { name, keys } of profileOf(erp).pools) {
      const { health, application, balance } = example.pools[name]
      if (keys.health === 'tcp') expect(health).toBe('tcp')
      else expect(health).toMatchObject(keys.health)
      expect(application).toBe(keys.application)
      if (keys.balance !== undefined) expect(balance).toEqual(keys.balance)
    }
  })
})

test('the file of the packaged service keeps its data where the service may write, and listens on port 80', () => {
  const wanted = { erp: 'other', nodes: nodesOf('erp-1'), secondSite: [], host: '', secret: SECRET } as const
  const { listeners, store, accessLog } = parse(configurationFor({ ...wanted, isService: true }, 'schema.json'))
  expect({ listeners, store, accessLog }).toEqual({
    listeners: [{ name: 'web', address: ':80' }],
    store: '/var/lib/vigia/vigia.db',
    accessLog: { path: '/var/log/vigia/access.log' },
  })
})

describe('vigia init', () => {
  /** @param answers undefined = nobody is there */
  async function run(options: Partial<Parameters<typeof init>[0]>, answers?: Record<string, string>) {
    const lines: string[] = []
    const say = (line: string) => void lines.push(line)
    const ask =
      answers && (async (question: string) => answers[Object.keys(answers).find(key => question.includes(key))!]!)
    const given = { output: join(folder, 'vigia.yaml'), force: false, ...options }
    return { code: await init(given, { env: {}, out: say, err: say, ask }), lines, given }
  }

  test('asks four things, recognises the ERP by what answers, and writes what can be run', async () => {
    const odoo = createServer((request, response) => {
      const isHealth = request.url === '/web/health'
      response.writeHead(isHealth ? 200 : 404, { server: 'Werkzeug/3.0' }).end(isHealth ? '{"status": "pass"}' : '')
    })
    await new Promise<void>(resolve => odoo.listen(0, '127.0.0.1', resolve))
    const { port } = odoo.address() as AddressInfo
    const answers = { 'second site': '', Nodes: `127.0.0.1:${port}`, Host: '', ERP: '' }
    const { code, lines, given } = await run({}, answers).finally(() => odoo.close())
    expect(lines).toContain(`  http://127.0.0.1:${port}: Odoo 16 and later (Werkzeug/3.0)`)
    expect(lines.join('\n')).toMatch(/: OK \(2 pools, 2 upstreams, 1 listener\)$/m)
    expect(code).toBe(0)
    expect(statSync(given.output).mode & 0o007).toBe(0)
    expect(parse(readFileSync(given.output, 'utf8')).pools.odoo.application).toBe('odoo')
    // It does not take the place of what is there.
    const again = await run({ erp: 'odoo', nodes: '127.0.0.1:1', host: '', secondSite: '' })
    expect([again.code, again.lines.at(-1)]).toEqual([
      2,
      `${given.output} is there already: name another with --output, or --force`,
    ])
  })

  test.each([
    [{}, 'there is no terminal to ask at: give --nodes (vigia init --help)'],
    [{ nodes: '' }, 'name at least one node: --nodes 10.0.0.11,10.0.0.12'],
    [{ nodes: 'http://a/b' }, '"http://a/b" is no node: write 10.0.0.11, erp-1:8069 or https://erp-1:8443'],
    [{ nodes: 'a:99999' }, '"a:99999" is no node: write 10.0.0.11, erp-1:8069 or https://erp-1:8443'],
    [{ nodes: '127.0.0.1:1', host: 'a b' }, '"a b" is no host name: write erp.example.com'],
    [{ erp: 'oddo', nodes: 'a' }, `"oddo" is no ERP that vigia knows: one of ${ERPS.join(', ')}`],
  ])('%o is refused in one line', async (options, line) => {
    const { code, lines } = await run({ output: join(folder, 'never.yaml'), ...options })
    expect([code, lines]).toEqual([2, [line]])
  })
})
