// How vigia is spelled as a whole: its commands in the order of its help. Decides nothing: what a command does is in its own file,
// loaded only when it is asked for.

import type { Command } from 'commander'
import type { CheckOptions } from '../check.ts'
import type { FmtOptions } from '../fmt.ts'
import type { InitOptions } from '../init/init.ts'
import { VERSION } from '../version.ts'
import { type Done, takeTokens } from './asking.ts'
import { addCacheCommands } from './cache-commands.ts'
import { addCertificateCommands } from './certificate-commands.ts'
import { addConvertCommand } from './convert-command.ts'
import { addExplainCommands } from './explain-commands.ts'
import { addLiveCommands } from './live-commands.ts'
import { addMaintenanceCommands } from './maintenance-commands.ts'
import { addOperationCommands } from './operation-commands.ts'
import { addRecordCommands } from './record-commands.ts'
import { addStoreCommands } from './store-commands.ts'
import { addToolCommands } from './tool-commands.ts'

const CONFIG = './vigia.yaml'
const LOCAL_ADMIN = 'http://127.0.0.1:9900'
const STORE = './vigia.db'

/** @param program an empty one @returns the same */
export function describe(program: Command, done: Done): Command {
  const admin = process.env.VIGIA_ADMIN || LOCAL_ADMIN
  program
    .description(
      'vigia stands in front of the web nodes of an ERP, watches them, and keeps failing ones out of the way.',
    )
    .version(`vigia ${VERSION} (Node.js ${process.version})`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help; "vigia COMMAND --help" says more about one command')
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError('(vigia --help lists the commands)')
    .exitOverride()
    .addHelpText('after', EXAMPLES)

  addLocalCommands(program, done)
  addConvertCommand(program, done)
  addOperationCommands(program, admin, done)
  addStoreCommands(program, STORE, done)
  program
    .command('demo')
    .description('start three sample ERP nodes with vigia in front, and say what to try')
    .action(async () => done(await (await import('../demo.ts')).demo({})))
  addExplainCommands(program, admin, done)
  addLiveCommands(program, admin, done)
  addCertificateCommands(program, admin, done)
  addCacheCommands(program, admin, done)
  addToolCommands(program, admin, done)
  addRecordCommands(program, admin, STORE, done)
  addMaintenanceCommands(program, admin, done)
  takeTokens(program)
  return program
}

function addLocalCommands(program: Command, done: Done): void {
  program
    .command('run')
    .description('start the load balancer and keep it running')
    .option('-c, --config <file>', 'configuration file', CONFIG)
    .option(
      '--last-good [file]',
      'keep the last configuration that could be used in FILE (default: CONFIG.last-good), and start with it where CONFIG is broken',
    )
    .addHelpText('after', RUN_NOTES)
    .action(async (options: { config: string; lastGood?: string | boolean }) =>
      done(await (await import('../run.ts')).run(options)),
    )
  program
    .command('init')
    .description('ask four things, look at the nodes, and write a configuration to begin with')
    .option(
      '--erp <erp>',
      'odoo, erpnext, tryton, protheus, sap, business-central or other (default: what the nodes look like)',
    )
    .option('--nodes <list>', 'addresses, or address:port, of the nodes, separated by commas')
    .option('--host <name>', 'the host name that users type (default: any)')
    .option('--second-site <list>', 'nodes that stand by (default: none)')
    .option('-o, --output <file>', 'the file that is written', CONFIG)
    .option('--force', 'write it although it is there', false)
    .addHelpText('after', '\nExit code: 0 written, 1 written but vigia can not run with it, 2 wrong usage.')
    .action(async (options: InitOptions) => done(await (await import('../init/init.ts')).init(options)))
  program
    .command('check')
    .description('check a configuration file and list everything that is wrong with it')
    .option('-c, --config <file>', 'configuration file', CONFIG)
    .option('--strict', 'advice is an error', false)
    .option(
      '--explain [key]',
      'print all that is in force, or a key and what is below it, and where each value comes from',
    )
    .option('--json', 'with --explain: as JSON', false)
    .addHelpText('after', CHECK_NOTES)
    .action(async ({ explain, ...options }: CheckOptions & { explain?: string | true }) =>
      done(
        explain === undefined
          ? await (await import('../check.ts')).check(options)
          : (await import('../explain-configuration.ts')).explainConfiguration({ ...options, explain }),
      ),
    )
  addFmtCommand(program, done)
}

function addFmtCommand(program: Command, done: Done): void {
  program
    .command('fmt')
    .description('write a configuration file in one form: indentation, spaces, quotes; never what it says')
    .argument('[file]', 'configuration file', CONFIG)
    .option('--check', 'only say whether it is in that form', false)
    .option('--write', 'put the result in the place of the file (default: standard output)', false)
    .addHelpText('after', FMT_NOTES)
    .action(async (file: string, options: FmtOptions) => done(await (await import('../fmt.ts')).fmt(file, options)))
}

const CHECK_NOTES = `
Advice is about what is legal but unwise. A comment on its line, or right above, allows it: # vigia: allow one-node

--explain pools.erp.health says of each key below what holds, and why: a line of a file, a default, another key that
it follows. A key may be routes[0], routes.NAME, pools.*.retry. Secrets are left out; no host name is looked up.
What is printed is a configuration that says the same, secrets apart. With --json, where ? may be missing:
  { file, keys: [{ key, value, words?, from: { by, key?, place?: { file, line, column }, variables?, unset?, reads? } }], idle? }
value is null where words say what holds. by is file, environment (variables, of which some may be unset), default, or
inherited, derived, application: then key is whose value it is, or what it follows from, and place is that of key. reads
is the file whose contents are in force, idle says why nothing of a key is.

Exit code: 0 when vigia can run with it, 1 when not, or when there is advice (--strict).`

const FMT_NOTES = `
Comments, keys and broken lines stay where they are.

Exit code: 0 done, 1 not in that form (--check) or not readable, 2 wrong usage or not written.`

const EXAMPLES = `
Examples:
  vigia demo                          see it work, nothing to prepare
  vigia init                          a configuration to begin with
  vigia check -c /etc/vigia.yaml      before you deploy a change
  vigia check --explain timeouts      which values hold, and where each comes from
  vigia run -c /etc/vigia.yaml        start; SIGTERM or Ctrl-C drains and stops, SIGHUP reads the file again
  vigia status                        who serves, who does not, and why
  vigia drain erp/erp-1 --reason "kernel update" --deadline 30m --wait
  vigia enable erp/erp-1              back into rotation
  vigia weight erp/erp-1 20% --reason "warming up"
  vigia maintenance list              windows, and when they take place next
  vigia events -f                     what happens, as it happens
  vigia certificates                  until when, and by whom
  vigia why erp/erp-1                 why it is in or out, and what to do; or the id of a request
  vigia route https://erp.example.com/web
  vigia logs --filter "status=5xx pool=erp" --since 1h
  vigia top                           rates, latencies, errors, queues, as they change
  vigia doctor                        what is wrong with the machine, files, network

Environment:
  VIGIA_ADMIN                         where the admin listener is (in the place of --admin)
  VIGIA_TOKEN, VIGIA_TOKEN_FILE       the token for it
  VIGIA_CA_FILE                       authorities that its certificate may be from, with https://

Exit codes: 0 fine, 1 bad configuration or refused, 2 wrong usage or no answer, 69 can't listen, 70 internal error, 78 Node.js too old.`

const RUN_NOTES = `
Signals:
  SIGTERM, SIGINT   take no new connections, finish what is in flight (up to "shutdown"), then exit 0;
                    a second one ends at once
  SIGHUP            read the configuration again; a file with errors changes nothing. A changed file is also
                    applied without being asked, unless it says "watch: false"

Exit codes: 0 stopped as asked, 1 bad configuration, 69 can't listen (e.g. the port is taken), 70 internal error.`
