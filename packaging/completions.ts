// The scripts that complete vigia's command line, as it prints them itself, and where shells look for them.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export const COMPLETIONS: Readonly<Record<string, string>> = {
  bash: 'usr/share/bash-completion/completions/vigia',
  zsh: 'usr/share/zsh/vendor-completions/_vigia',
  fish: 'usr/share/fish/vendor_completions.d/vigia.fish',
}

/** By shell. @param app as stageApp leaves it */
export function completionScripts(app: string): Readonly<Record<string, string>> {
  const print = (shell: string) =>
    execFileSync(process.execPath, [join(app, 'bin/vigia.js'), 'completion', shell], {
      encoding: 'utf8',
      // Nothing is left behind in the package.
      env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
    })
  return Object.fromEntries(Object.keys(COMPLETIONS).map(shell => [shell, print(shell)]))
}
