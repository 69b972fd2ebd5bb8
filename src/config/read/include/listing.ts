// Which files of a folder a pattern means. Their names are its fingerprint: a file that comes or goes is a change, what is in it is its own.

import { readdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { matchesWildcard } from './wildcard.ts'

/** Begins the fingerprint of every listing, and of nothing else. */
const NAMES = 'names '

export type Listing = { readonly print: string } & ({ readonly names: readonly string[] } | { readonly code: string })

/** @param pattern absolute; only its last part may have wildcards. A folder that is not there has no files. */
export function list(pattern: string): Listing {
  try {
    return listed(pattern, readdirSync(dirname(pattern)))
  } catch (cause) {
    return notListed(pattern, cause)
  }
}

/** The same where the thread has something else to do meanwhile; never rejects. */
export async function listAside(pattern: string): Promise<Listing> {
  try {
    return listed(pattern, await readdir(dirname(pattern)))
  } catch (cause) {
    return notListed(pattern, cause)
  }
}

export function isOfListing(print: string | undefined): boolean {
  return print?.startsWith(NAMES) === true
}

function listed(pattern: string, all: readonly string[]): Listing {
  const names = all.filter(name => matchesWildcard(basename(pattern), name)).sort()
  return { names, print: NAMES + JSON.stringify(names) }
}

function notListed(pattern: string, cause: unknown): Listing {
  const { code = 'unreadable' } = cause as NodeJS.ErrnoException
  return code === 'ENOENT' ? listed(pattern, []) : { code, print: NAMES + code }
}
