import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createLogger, flushLog } from '../../../src/logging/logger.ts'
import { until } from '../../support/until.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function file(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-test-'))
  folders.push(folder)
  return join(folder, name)
}
const linesOf = async (path: string) =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)

test('a line is JSON with an ISO time, the level in words, and neither pid nor host name', async () => {
  const path = await file('vigia.log')
  const logger = createLogger({ level: 'info', destination: path })
  logger.warn({ pool: 'erp' }, 'upstream is out')
  logger.debug('not asked for')
  await until('the line is written', async () => (await linesOf(path).catch(() => [])).length === 1)
  const [line] = await linesOf(path)
  expect(line).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    pool: 'erp',
    msg: 'upstream is out',
  })
})

test('secrets are replaced wherever a caller left them', async () => {
  const path = await file('vigia.log')
  const logger = createLogger({ level: 'info', destination: path })
  logger.info(
    {
      authorization: 'S1',
      headers: { cookie: 'S2', 'set-cookie': 'S3', Authorization: 'S4' },
      a: { b: { password: 'S5', token: 'S6' } },
    },
    'x',
  )
  await until('the line is written', async () => (await linesOf(path).catch(() => [])).length === 1)
  await flushLog(logger)
  const text = await readFile(path, 'utf8')
  expect(text).not.toMatch(/S\d/)
  expect(text).toContain('[redacted]')
})

test('for people, a line has date, time and zone, the level and the message', async () => {
  const path = await file('vigia.log')
  const logger = createLogger({ level: 'info', destination: path, pretty: true })
  logger.info('listener web: http://127.0.0.1:8080')
  await until('the line is written', async () => (await readFile(path, 'utf8').catch(() => '')).includes('8080'))
  expect(await readFile(path, 'utf8')).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:?\d\d.*INFO.*listener web/)
})
