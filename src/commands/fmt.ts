// vigia fmt: a configuration file in one form, for reviews and diffs that show what changes and nothing else. Never what it says.

import { formatProblem } from '../config/forms/problem.ts'
import { readRegularFile } from '../config/read/regular-file.ts'
import { type FormattedConfig, formatConfig } from '../config/shown/format.ts'
import { replaceFile } from '../util/replace-file.ts'
import { EXIT } from './words/exit-codes.ts'

export interface FmtOptions {
  /** Changes nothing: says whether the file is in that form. */
  readonly check: boolean
  /** Puts the result in the place of the file. */
  readonly write: boolean
}

export interface FmtOutput {
  readonly out: (text: string) => void
  readonly err: (line: string) => void
}

const TERMINAL: FmtOutput = { out: text => process.stdout.write(text), err: line => console.error(line) }

/** Resolves with the exit code: 0 = done; 1 = not in that form (`--check`), or no configuration can be read there; 2 = not written. */
export async function fmt(file: string, { check, write }: FmtOptions, io: FmtOutput = TERMINAL): Promise<number> {
  if (check && write) {
    io.err('vigia: --check changes nothing: leave out --write, or --check')
    return EXIT.usage
  }
  const bytes = read(file)
  if (typeof bytes === 'string') {
    io.err(`${file}: ${bytes}`)
    return EXIT.badConfiguration
  }
  const formatted: FormattedConfig = formatConfig(bytes, file)
  if (!formatted.ok) {
    for (const problem of formatted.problems) io.err(formatProblem(problem))
    return EXIT.badConfiguration
  }
  const { text } = formatted
  const isInForm = Buffer.from(text).equals(bytes)
  if (check) {
    if (!isInForm) io.err(`${file}: is not in the form of vigia fmt: vigia fmt --write ${file}`)
    return isInForm ? EXIT.ok : EXIT.badConfiguration
  }
  if (!write) io.out(text)
  else if (!isInForm) {
    const failure = await replaceFile(file, text)
    if (failure !== undefined) {
      io.err(`vigia: ${failure}`)
      return EXIT.usage
    }
    io.err(`${file}: written in the form of vigia fmt`)
  }
  return EXIT.ok
}

/** Or why there is nothing. */
function read(file: string): Uint8Array | string {
  try {
    const found = readRegularFile(file)
    return 'not' in found ? found.not : found.bytes
  } catch (cause) {
    return `can't be read (${(cause as NodeJS.ErrnoException).code})`
  }
}
