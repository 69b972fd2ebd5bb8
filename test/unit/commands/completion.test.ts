// The scripts are tried in the shells themselves, where they are there; bash always is.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { completion, SHELLS, type Shell } from '../../../src/commands/completion.ts'
import { takeTokens } from '../../../src/commands/spelling/asking.ts'
import { addLiveCommands } from '../../../src/commands/spelling/live-commands.ts'
import { addToolCommands } from '../../../src/commands/spelling/tool-commands.ts'

const scripts = {} as Record<Shell, string>
const folder = mkdtempSync(join(tmpdir(), 'vigia-completion-'))
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(() => {
  const program = new Command('vigia')
  addLiveCommands(program, 'http://127.0.0.1:9900', () => {})
  addToolCommands(program, 'http://127.0.0.1:9900', () => {})
  program.command('check').description("what's: wrong").option('-c, --config <file>', 'a file')
  takeTokens(program)
  const print = vi.spyOn(console, 'log')
  for (const shell of SHELLS) {
    print.mockImplementation(text => {
      scripts[shell] = text
    })
    completion(shell, program)
  }
  print.mockRestore()
})

function inBash(...words: string[]): string[] {
  const script = `${scripts.bash}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vigia 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', script, '_', ...words], { encoding: 'utf8' })
    .trim()
    .split('\n')
}

test('bash completes commands, commands below commands, options, and what an option may be', () => {
  expect(inBash('vigia', 'ev')).toEqual(['events'])
  expect(inBash('vigia', 'in-doubt', '')).toEqual(['list', 'resolve', '--help'])
  expect(inBash('vigia', 'in-doubt', 'resolve', 'r1', '--no')).toEqual(['--note'])
  expect(inBash('vigia', 'in-doubt', 'resolve', 'r1', '--as', 'no')).toEqual(['not-done'])
  expect(inBash('vigia', 'events', '--token-f')).toEqual(['--token-file'])
  expect(inBash('vigia', 'completion', 'z')).toEqual(['zsh'])
  // Names of files are the shell's business, a reason is nobody's.
  expect(inBash('vigia', 'check', '--config', '')).toEqual([''])
  expect(inBash('vigia', 'weight', '--reason', '')).toEqual([''])
})

test('each script is one that its shell reads', () => {
  for (const shell of SHELLS) {
    expect(scripts[shell]).toContain('in-doubt')
    const file = join(folder, shell)
    writeFileSync(file, scripts[shell])
    const { error, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
    // A shell that is not installed can't say anything.
    if (error === undefined) expect(stderr, shell).toBe('')
  }
})
