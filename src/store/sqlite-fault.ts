// Reads an error of SQLite or the file system: whether the row or the disk is to blame, and how to say it to a person.

/**
 * `row`: this one statement can't be carried out, others can. `busy`: another process holds the file. `full`: no room; reading
 * still works. `corrupt`: the content is broken. `file`: the file can't be read or written.
 */
export type FaultKind = 'row' | 'busy' | 'full' | 'corrupt' | 'file'

export interface Fault {
  readonly kind: FaultKind
  /** One line: what is wrong and what to do. */
  readonly text: string
}

// https://www.sqlite.org/rescode.html; the lowest byte of an extended code is the primary one.
const KINDS: Readonly<Record<number, FaultKind>> = {
  3: 'file', // PERM
  5: 'busy',
  6: 'busy', // LOCKED
  7: 'file', // NOMEM
  8: 'file', // READONLY
  10: 'file', // IOERR
  11: 'corrupt',
  13: 'full',
  14: 'file', // CANTOPEN
  15: 'busy', // PROTOCOL: the locks of the WAL
  22: 'file', // NOLFS
  23: 'file', // AUTH
  26: 'corrupt', // NOTADB
}

const FILE_WORDS: Readonly<Record<number, string>> = {
  3: 'may not be used: look at its permissions and those of its folder',
  8: 'can not be written: look at its permissions, those of its folder, and whether the disk is mounted read-only',
  14: 'can not be opened: look whether its folder exists, and at its permissions',
}

export function faultOf(error: unknown, path: string): Fault {
  const { errcode, errstr, code, message } = error as {
    errcode?: number
    errstr?: string
    code?: string
    message?: string
  }
  if (typeof errcode === 'number') return sqliteFault(errcode & 0xff, `${errstr ?? message}, SQLite ${errcode}`, path)
  if (code === 'ENOSPC' || code === 'EDQUOT') return { kind: 'full', text: fullText(path) }
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) {
    return { kind: 'file', text: `${path} can not be used (${code}): look at its folder, its permissions and its disk` }
  }
  return { kind: 'row', text: String(message ?? error) }
}

function sqliteFault(primary: number, detail: string, path: string): Fault {
  const kind = KINDS[primary] ?? 'row'
  switch (kind) {
    case 'row':
      return { kind, text: detail }
    case 'busy':
      return { kind, text: `${path} is held by another process that writes to it: end that one (${detail})` }
    case 'full':
      return { kind, text: fullText(path) }
    case 'corrupt':
      return { kind, text: `${path} is corrupt (${detail})` }
    case 'file':
      return {
        kind,
        text: `${path} ${FILE_WORDS[primary] ?? 'can not be read or written: look at its disk'} (${detail})`,
      }
  }
}

function fullText(path: string): string {
  return `there is no room left on the disk of ${path}: free some`
}
