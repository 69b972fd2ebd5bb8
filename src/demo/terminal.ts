// The words of `vigia demo`: the start screen and one line for each thing that happens. Pure text; prints nothing itself.

import { styleText } from 'node:util'
import type { FleetEvent } from './fleet.ts'
import type { NodeState } from './messages.ts'

export interface Screen {
  readonly web: string
  readonly admin: string | undefined
  readonly nodes: readonly NodeState[]
  /** Ports that were taken: what was wanted, what is used. */
  readonly moved: readonly { readonly what: string; readonly wanted: number; readonly used: number }[]
  readonly restartMs: number
  /** How a shell calls vigia here, e.g. `npx vigia`. */
  readonly command: string
}

/** styleText leaves colours out where the output is no terminal, or NO_COLOR asks for it. */
const bold = (text: string): string => styleText('bold', text)
const dim = (text: string): string => styleText('dim', text)
const green = (text: string): string => styleText('green', text)
const red = (text: string): string => styleText('red', text)
const cyan = (text: string): string => styleText('cyan', text)

const LABEL_WIDTH = 9

export function startScreen({ web, admin, nodes, moved, restartMs, command }: Screen): string {
  const first = nodes[0]!
  const second = nodes[1] ?? first
  const order = `{"customer":"Acme","lines":[{"product":"Chair","quantity":2,"unitPrice":49.9}]}`
  const status =
    admin === undefined ? [] : [tryLine(`${command} status --admin ${admin}`, 'who serves, who does not, and why')]
  return [
    '',
    `  ${bold('vigia demo')}   ${nodes.length} sample ERP nodes, and the balancer in front of them`,
    '',
    ...moved.map(({ what, wanted, used }) => `  Port ${wanted} is taken: ${what} uses ${bold(String(used))} instead.`),
    ...(moved.length > 0 ? [''] : []),
    `  ${label('web')}${cyan(web)}   ${dim('open it in a browser: the page shows who answers')}`,
    ...(admin === undefined
      ? []
      : [`  ${label('admin')}${cyan(admin)}   ${dim('/status  /metrics  /healthz  /readyz')}`]),
    ...nodes.map(({ name, url, pid }) => `  ${label(name)}${cyan(url)}   pid ${bold(String(pid))}`),
    '',
    `  ${bold('Try')}, in a second terminal`,
    tryLine(`curl -i ${web}/api/orders`, 'X-Erp-Node says who answered'),
    tryLine(`curl ${web}/api/orders -d '${order}'`),
    tryLine(`curl '${web}/reports/sales?seconds=3'`, 'a slow report'),
    tryLine(`curl -T package.json ${web}/files/`, 'upload; then GET /files/package.json'),
    tryLine(`curl -N ${web}/events`, 'live events; WebSocket: /websocket'),
    ...status,
    '',
    `  ${bold('Break something')}, and watch it leave and return below`,
    tryLine(`while sleep 0.2; do curl -sS ${web}/whoami; done`, 'a user, all the while'),
    tryLine(`kill -9 ${first.pid}`, `${first.name} crashes; back after ${restartMs / 1000} s`),
    tryLine(`kill -STOP ${second.pid}`, `${second.name} hangs; kill -CONT ${second.pid} frees it`),
    tryLine(`curl -X POST '${web}/health/fail?node=${second.name}'`, 'its probe fails; /health/ok ends it'),
    '',
    `  ${dim('Ctrl-C ends everything.')}`,
    '',
  ].join('\n')
}

export function fleetLine(event: FleetEvent, now: Date): string {
  switch (event.kind) {
    case 'listening':
      return line(now, event.node, `${event.again ? 'process started again' : 'process started'}, pid ${event.pid}`)
    case 'ended':
      return line(now, event.node, `process ${event.pid} ${event.how}; starts again in ${event.restartMs / 1000} s`)
    case 'health':
      return line(now, event.node, event.passing ? 'its /health passes again' : 'its /health was told to fail')
    case 'cannot-listen':
      return line(now, event.node, `can't listen: ${event.reason}`)
  }
}

export function transitionLine(upstream: string, available: boolean, why: string, now: Date): string {
  return line(now, upstream, available ? green('in rotation again') : `${red('out of rotation')}: ${why}`)
}

export function line(now: Date, subject: string, words: string): string {
  return `  ${dim(now.toTimeString().slice(0, 8))}  ${bold(subject.padEnd(LABEL_WIDTH))}${words}`
}

function label(name: string): string {
  return bold(name.padEnd(LABEL_WIDTH))
}

function tryLine(command: string, says = ''): string {
  return says === '' ? `    ${command}` : `    ${command.padEnd(62)}  ${dim(says)}`
}
