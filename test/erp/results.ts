// Keeps the figures of ERP runs as JSON lines and judges them: no order lost, doubled or garbled, and none unverified; a healthy run
// and one whose nodes are drained first without a single client error. `add RESULTS SESSION PEER RUNNER SCENARIO REPORT` or `table RESULTS SESSION` (exit 1 = failed).
import { appendFileSync, readFileSync } from 'node:fs'

/** What client.py reports, as far as it is used here. */
interface Report {
  readonly requests: number
  readonly http_errors: number
  readonly http_errors_by_kind: Readonly<Record<string, number>>
  readonly rpc_errors: number
  readonly acknowledged: number
  readonly lost: number
  readonly duplicates: number
  readonly unknown_outcome: number
  readonly unknown_but_committed: number
  readonly longest_gap_without_ok_s: number
  readonly verdict: 'PASS' | 'FAIL'
}

interface Run {
  readonly session: string
  readonly at: string
  readonly peer: string
  readonly runner: string
  readonly scenario: string
  /** Undefined where the client could not verify its orders. */
  readonly report?: Report
}

const [command, results = '', session = '', ...rest] = process.argv.slice(2)
if (command === 'add') add(rest)
else if (command === 'table') process.exitCode = table()
else {
  console.error('usage: results.ts add RESULTS SESSION PEER RUNNER SCENARIO REPORT | table RESULTS SESSION')
  process.exitCode = 2
}

function add([peer = '', runner = '', scenario = '', file = '']: readonly string[]): void {
  const text = readFileSync(file, 'utf8')
  const report = text.trim() === '' ? {} : { report: JSON.parse(text) }
  const run: Run = { session, at: new Date().toISOString(), peer, runner, scenario, ...report }
  appendFileSync(results, `${JSON.stringify(run)}\n`)
}

function table(): number {
  const runs = readFileSync(results, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map((line): Run => JSON.parse(line))
    .filter(run => run.session === session)
  const head = [
    'Run',
    'Requests',
    'Client errors',
    'Acknowledged',
    'Lost',
    'Doubled',
    'Unknown',
    'Longest gap',
    'Verdict',
  ]
  console.log(line(head))
  console.log(line(head.map((_, i) => (i === 0 ? '---' : '--:'))))
  for (const run of runs) console.log(line(cells(run)))
  return runs.length > 0 && runs.every(run => findFault(run) === undefined) ? 0 : 1
}

function cells(run: Run): string[] {
  const { report } = run
  const verdict = findFault(run) ?? 'pass'
  const name = `${run.peer}, ${run.runner}, ${run.scenario}`
  if (report === undefined) return [name, '-', '-', '-', '-', '-', '-', '-', verdict]
  const kinds = Object.entries(report.http_errors_by_kind).map(([kind, count]) => `${count} ${kind}`)
  const errors = report.http_errors === 0 ? '0' : `${report.http_errors} (${kinds.join(', ')})`
  return [
    ...[
      name,
      String(report.requests),
      errors,
      String(report.acknowledged),
      String(report.lost),
      String(report.duplicates),
    ],
    `${report.unknown_outcome} (${report.unknown_but_committed} committed)`,
    `${report.longest_gap_without_ok_s} s`,
    verdict,
  ]
}

/** Why the run fails; undefined = it passes. */
function findFault({ scenario, report }: Run): string | undefined {
  if (report === undefined) return 'FAIL: not verified'
  if (report.lost > 0 || report.duplicates > 0) return 'FAIL: orders lost or doubled'
  if (report.verdict !== 'PASS') return 'FAIL: wrong or garbled answers'
  if (report.requests === 0) return 'FAIL: nothing was sent'
  const errors = report.http_errors + report.rpc_errors
  if (errors === 0) return undefined
  if (scenario === 'healthy') return 'FAIL: errors on a healthy system'
  return scenario === 'drain' ? 'FAIL: errors although every node was drained first' : undefined
}

function line(cellTexts: readonly string[]): string {
  return `| ${cellTexts.join(' | ')} |`
}
