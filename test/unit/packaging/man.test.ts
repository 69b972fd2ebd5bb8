import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, onTestFinished, test } from 'vitest'
import { manPages, writeManPages } from '../../../packaging/man/write.ts'
import { describe } from '../../../src/commands/spelling/program.ts'

const pages = manPages()
const plain = (page: string | undefined) => page!.replaceAll('\\-', '-').replaceAll('\\&', '')

test('vigia(1) has every command with each of its options', () => {
  const page = plain(pages['vigia.1'])
  const missing: string[] = []
  const look = (command: Command, path: string) => {
    const [, section = ''] = page.split(new RegExp(`^\\.SS ${path}(?= |\\n)`, 'm'))
    const words = section.split('\n.S')[0]!
    if (command.commands.length === 0 && words === '') missing.push(path)
    for (const { flags } of command.options) if (!words.includes(`\\fB${flags}\\fR`)) missing.push(`${path} ${flags}`)
    for (const below of command.commands) look(below, `${path} ${below.name()}`)
  }
  for (const command of describe(new Command('vigia'), () => {}).commands) look(command, `vigia ${command.name()}`)
  expect(missing).toEqual([])
  expect(page).toContain('VIGIA_TOKEN_FILE')
})

test('vigia.yaml(5) has every key of the schema', () => {
  const page = plain(pages['vigia.yaml.5'])
  const names = new Set<string>()
  JSON.stringify(JSON.parse(readFileSync('config/schema.json', 'utf8')), (key, value) => {
    if (key === 'properties') for (const name of Object.keys(value)) names.add(name)
    return value
  })
  expect(names.size).toBeGreaterThan(100)
  expect([...names].filter(name => !new RegExp(`^\\\\fB(?:\\S+\\.)?${name}\\\\fR`, 'm').test(page))).toEqual([])
})

test.runIf(spawnSync('groff', ['--version']).status === 0)('a formatter finds nothing wrong with them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeManPages(folder)
  for (const name of Object.keys(pages)) {
    const { stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-Kutf8', join(folder, name)], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(stdout).toContain('vigia')
  }
})
