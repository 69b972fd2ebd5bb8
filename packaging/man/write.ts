// The man pages, made of the words that the program has anyway.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe } from '../../src/commands/spelling/program.ts'
import { VERSION } from '../../src/commands/version.ts'
import { commandsPage } from './commands-page.ts'
import { configurationPage } from './configuration-page.ts'

const CONFIG = join(import.meta.dirname, '../../config')

export function manPages(): Readonly<Record<string, string>> {
  // Its default is the one that users meet.
  delete process.env.VIGIA_ADMIN
  const schema = JSON.parse(readFileSync(join(CONFIG, 'schema.json'), 'utf8'))
  const example = readFileSync(join(CONFIG, 'examples/minimal.yaml'), 'utf8')
  return {
    'vigia.1': commandsPage(
      describe(new Command('vigia'), () => {}),
      VERSION,
    ),
    'vigia.yaml.5': configurationPage(schema, VERSION, example),
  }
}

export function writeManPages(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(manPages())) writeFileSync(join(folder, name), text)
}
