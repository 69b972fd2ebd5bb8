// How why, route, logs, doctor and top are spelled. What each does is in its own file, loaded only when it is asked for.

import type { Command } from 'commander'
import type { DoctorOptions } from '../doctor/doctor.ts'
import type { TopOptions } from '../live/top.ts'
import type { WhyOptions } from '../live/why.ts'
import type { LogsOptions } from '../logs.ts'
import type { RouteOptions } from '../route.ts'
import { asking, type Done } from './asking.ts'

/** As in words/explain/top-frame.ts, which is loaded only when it is asked for. */
const SORTS = ['configuration', 'rate', 'p99', 'errors', 'busy']

export function addExplainCommands(program: Command, admin: string, done: Done): void {
  asking(
    program
      .command('why')
      .description('say why an upstream is in or out, or what became of a request')
      .argument('<what>', 'POOL/UPSTREAM, POOL, or the id of a request')
      .option('--request', 'it is the id of a request, whatever it looks like', false),
    admin,
    WHY_NOTES,
  ).action(async (what: string, options: WhyOptions) => done(await (await import('../live/why.ts')).why(what, options)))
  asking(
    program
      .command('route')
      .description('say what would happen to a request: its route, who may, where it goes, whether it is repeated')
      .argument('<method>', 'GET, POST ...; may be left out for GET')
      .argument('[url]', 'https://erp.example.com/web, or a path')
      .option('-H, --header <field>', '"name: value", as often as there are fields', collect, [])
      .option('-c, --config <file>', 'by this file, in the place of the vigia that runs')
      .option('--from <address>', 'address that its connection comes from', '127.0.0.1')
      .option('--listener <name>', 'that it comes to (default: the one that the URL leads to)'),
    admin,
    ROUTE_NOTES,
  ).action(async (method: string, url: string | undefined, options: RouteOptions) => {
    const { route } = await import('../route.ts')
    done(await (url === undefined ? route('GET', method, options) : route(method, url, options)))
  })
  asking(
    program
      .command('logs')
      .description('read the access log, rotated files included: by status, pool, upstream, route, duration, time, id')
      .argument('[file]', 'the log, or - for standard input (default: where the vigia that runs writes it)')
      .option('-f, --follow', 'and what is written from now on', false)
      .option('--filter <terms>', 'only what fits, such as "status=5xx pool=erp slower=500ms"', collect, [])
      .option('--since <when>', 'only from then on: a time with its offset, or how long ago, such as 24h')
      .option('--until <when>', 'and before then')
      .option('-n, --tail <lines>', 'only the last so many (default: all; with --follow 10)')
      .option('-c, --config <file>', 'the configuration that says where the log is'),
    admin,
    LOGS_NOTES,
  ).action(async (file: string | undefined, options: LogsOptions) =>
    done(await (await import('../logs.ts')).logs(file, options)),
  )
  asking(
    program
      .command('doctor')
      .description('look at the machine, the files, the network and a vigia that runs: what is wrong, and what to do')
      .option('-c, --config <file>', 'configuration (default: that of the vigia that runs, else ./vigia.yaml)')
      .option('--no-probes', 'do not ask the upstreams')
      .option('--strict', 'warnings count, too', false),
    admin,
    DOCTOR_NOTES,
  ).action(async (options: DoctorOptions) => done(await (await import('../doctor/doctor.ts')).doctor(options)))
  const top = program.command('top')
  asking(
    top
      .description('pools and upstreams by what they have to do, as it changes: rates, latencies, errors, queues')
      .addOption(top.createOption('--sort <by>', 'the most first').choices(SORTS).default('configuration'))
      .option('-d, --delay <seconds>', 'between two pictures', '1')
      .option('--once', 'one picture, as where there is no terminal', false),
    admin,
    '\nKeys: s sorts otherwise, space looks now, q quits. Rates and latencies are those of the last ten seconds.',
  ).action(async (options: TopOptions) => done(await (await import('../live/top.ts')).top(options)))
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}

const ROUTE_NOTES = `
Nothing is sent, counted or changed. With -c every upstream counts as well, and windows made over the API are not known.

Examples:
  vigia route https://erp.example.com/web/login
  vigia route POST /jsonrpc -H "Host: erp.example.com" -H "Content-Type: application/json" -c /etc/vigia.yaml

Exit code: 0 it goes to an upstream, 1 vigia itself answers it, 2 wrong usage or no answer.`

const WHY_NOTES = `
The id of a request stands on vigia's own pages, in the field X-Request-Id, and in the access log. What was refused, failed,
was tried again, is in doubt or answered 5xx is kept for a while; of the rest only the access log knows.

Exit code: 0 it is said, 1 nothing is known of it, 2 wrong usage or vigia does not answer.`

const LOGS_NOTES = `
Terms of --filter; a line has to fit them all, != turns one around, commas separate values, * stands for any characters:
  status=404  status=5xx  status=500-503   status of the answer
  pool= upstream= route= listener= client= method= host= path= protocol= end= cache= id= trace=
  slower=500ms                             took so long, or longer
  attempts=2                               so many, or more
  errors  retried  own                     failed or cut; tried again; answered by vigia itself

Examples:
  vigia logs --filter "status=5xx pool=erp" --since 1h
  vigia logs -f --filter "path=/web/* slower=2s"
  vigia logs --filter id=556af343fa6d419a-1
  journalctl -u vigia -o cat | vigia logs - --filter errors

Exit code: 0 something was found, 1 nothing fits, 2 wrong usage, or the log can't be read.`

const DOCTOR_NOTES = `
It works with a vigia that runs and without one, and changes nothing; each upstream gets one probe from here. As root it sees most.

Exit code: 0 nothing is wrong, 1 there are errors (with --strict: or warnings), 2 wrong usage.`
