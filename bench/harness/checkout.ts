// A revision of this repository in a folder of its own, ready to run: a git worktree, or a copy of the working tree as it is now, so
// that edits during the comparison change nothing. node_modules is this checkout's.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Checkout {
  readonly folder: string
  /** The revision as it was asked for, with its commit. */
  readonly title: string
  remove(): void
}

export const workingTree = 'working-tree'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const programFiles = ['bin', 'src', 'config', 'package.json']

/** Throws an Error with one clear line for a revision that does not exist. @param folder must not exist */
export function checkOut(revision: string, folder: string): Checkout {
  const checkout = revision === workingTree ? copyOfWorkingTree(folder) : worktree(revision, folder)
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
  return checkout
}

function copyOfWorkingTree(folder: string): Checkout {
  mkdirSync(folder)
  for (const each of programFiles) cpSync(join(repository, each), join(folder, each), { recursive: true })
  return { folder, title: `the working tree, on ${commitOf('HEAD')}`, remove: () => {} }
}

function worktree(revision: string, folder: string): Checkout {
  const commit = commitOf(revision)
  git('worktree', 'add', '--detach', folder, commit)
  // Also where the comparison is interrupted: else git would remember a worktree that is gone.
  const remove = () => {
    process.off('exit', remove)
    git('worktree', 'remove', '--force', folder)
  }
  process.once('exit', remove)
  return { folder, title: `${revision} (${commit})`, remove }
}

function commitOf(revision: string): string {
  try {
    return git('rev-parse', '--verify', '--short', `${revision}^{commit}`)
  } catch {
    throw new Error(`there is no revision "${revision}" here`)
  }
}

function git(...args: string[]): string {
  return execFileSync('git', ['-C', repository, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
}
