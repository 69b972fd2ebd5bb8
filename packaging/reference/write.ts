// docs/reference/, made of the words that the program has anyway: schema, commands, codes, metrics, comments of types. Run by `npm run docs`.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe } from '../../src/commands/spelling/program.ts'
import { adminApiPage } from './admin-api.ts'
import { answersPage } from './answers.ts'
import { commandsPage } from './commands.ts'
import { configurationPage } from './configuration.ts'
import { eventsPage } from './events.ts'
import { logsPage } from './logs.ts'
import { page } from './markdown.ts'
import { metricsPage } from './metrics.ts'

const ROOT = join(import.meta.dirname, '../..')
export const REFERENCE = join(ROOT, 'docs/reference')

const INDEX = `# Reference

Made by \`npm run docs\` of the words that the program has anyway; nobody writes in here by hand.

- [Configuration](configuration.md): every key, with its unit, default, effect and an example
- [Commands](commands.md): every command and option, exit codes
- [Error codes](answers.md): what vigia answers itself, how requests end, problems of the admin API
- [Logs](logs.md): what each key of an access line says, and the own log
- [Metrics](metrics.md): every metric with its labels, and the alerts
- [Events](events.md): what is told as it happens
- [Admin API](admin-api.md): what can be read and asked for
`

/** Text by the name of its file. */
export async function referencePages(): Promise<Readonly<Record<string, string>>> {
  // Its default is the one that users meet.
  delete process.env.VIGIA_ADMIN
  const schema = JSON.parse(readFileSync(join(ROOT, 'config/schema.json'), 'utf8'))
  return {
    'README.md': page(INDEX.trim()),
    'configuration.md': configurationPage(schema),
    'commands.md': commandsPage(describe(new Command('vigia'), () => {})),
    'answers.md': answersPage(),
    'logs.md': logsPage(),
    'metrics.md': metricsPage(),
    'events.md': eventsPage(),
    'admin-api.md': await adminApiPage(),
  }
}

if (import.meta.main) {
  const pages = await referencePages()
  rmSync(REFERENCE, { recursive: true, force: true })
  mkdirSync(REFERENCE, { recursive: true })
  for (const [name, text] of Object.entries(pages)) writeFileSync(join(REFERENCE, name), text)
}
