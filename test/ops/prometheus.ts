// Runs Debian's promtool and prometheus on free ports of 127.0.0.1, and asks Prometheus by its HTTP API.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/until.ts'
import { fetchText } from '../support/vigia.ts'

export const RULES = fileURLToPath(new URL('../../config/prometheus/vigia-alerts.yaml', import.meta.url))
export const RULE_TESTS = RULES.replace('.yaml', '.test.yaml')

export interface Series {
  readonly metric: Readonly<Record<string, string>>
  /** Time, value. */
  readonly value: readonly [number, string]
}

export interface Prometheus {
  query(expression: string): Promise<readonly Series[]>
  /** Names of the rules that could not be evaluated, with why. */
  brokenRules(): Promise<readonly string[]>
  stop(): Promise<void>
}

/** Throws with what it said where promtool is not content. */
export function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`promtool ${args.join(' ')}: exit ${status}\n${stdout}${stderr}`)
  return stdout + stderr
}

/** @param scraped port of the admin listener */
export async function startPrometheus(folder: string, scraped: number): Promise<Prometheus> {
  const port = await freePort()
  const config = join(folder, 'prometheus.yaml')
  writeFileSync(
    config,
    stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [RULES],
      scrape_configs: [{ job_name: 'vigia', static_configs: [{ targets: [`127.0.0.1:${scraped}`] }] }],
    }),
  )
  promtool(['check', 'config', config])
  const options = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  const child = spawn('prometheus', options, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000)
  })
  process.once('exit', () => child.kill('SIGKILL'))
  const ask = async <T>(path: string): Promise<T> => {
    const { body } = await fetchText(port, path)
    const answer = JSON.parse(body) as { status: string; error?: string; data: T }
    if (answer.status !== 'success') throw new Error(`${decodeURIComponent(path)}: ${answer.error}`)
    return answer.data
  }
  await until(
    'Prometheus is ready',
    async () => {
      if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}\n${said}`)
      return fetchText(port, '/-/ready').then(
        ({ status }) => status === 200,
        () => false,
      )
    },
    { timeoutMs: 30_000 },
  )
  return {
    query: async expression => {
      const data = await ask<{ result: Series[] }>(`/api/v1/query?query=${encodeURIComponent(expression)}`)
      return data.result
    },
    brokenRules: async () => {
      interface Rule {
        readonly name: string
        readonly health: string
        readonly lastError?: string
      }
      const { groups } = await ask<{ groups: { rules: Rule[] }[] }>('/api/v1/rules')
      const rules = groups.flatMap(group => group.rules)
      if (rules.length === 0) throw new Error('Prometheus has no rules')
      return rules
        .filter(({ health }) => health !== 'ok')
        .map(({ name, health, lastError }) => `${name}: ${lastError ?? health}`)
    },
    stop: () => ended(child),
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    if (child.exitCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}
