// A configuration that stands in several files as one text, for whatever keeps it: the history, the last good one, and so the backup. Each
// file stands in it to the letter, after a line with its name. No accepted file can hold such a line: `---` begins another document.

/** One file, or what was kept of it. */
export interface KeptFile {
  /** From the folder of the configuration file on, or absolute. */
  readonly name: string
  readonly text: string
}

const HEAD = '# vigia: all files of one configuration, in the order in which they count\n'
const MARK = '--- # vigia: file '
const LINE = new RegExp(`^${MARK}(".*")\n`, 'gm')

/** The configuration file first. */
export function joinFiles(files: readonly KeptFile[]): string {
  const texts = files.map(({ name, text }) => `${MARK}${onOneLine(name)}\n${text}${text.endsWith('\n') ? '' : '\n'}`)
  return HEAD + texts.join('')
}

/** JSON leaves two characters as they are that end a line for a pattern. */
function onOneLine(name: string): string {
  return JSON.stringify(name).replace(/[\u2028\u2029]/g, char => `\\u${char.charCodeAt(0).toString(16)}`)
}

/** Whether a text is that of several files. */
export function isKept(text: string): boolean {
  return text.startsWith(HEAD)
}

/** Whether a file says what only vigia says between two files. */
export function holdsMark(text: string): boolean {
  return isKept(text) || text.search(LINE) >= 0
}

/** Undefined = the text is that of one file. Never throws. */
export function splitFiles(bytes: Uint8Array): KeptFile[] | undefined {
  if (!isKept(textOf(bytes.subarray(0, HEAD.length)))) return undefined
  const text = textOf(bytes)
  const marks = [...text.matchAll(LINE)]
  if (marks[0]?.index !== HEAD.length) return undefined
  const names = marks.map(([, written]) => nameOf(written!))
  if (!names.every(name => name !== undefined)) return undefined
  return names.map((name, i) => ({
    name,
    text: text.slice(marks[i]!.index + marks[i]![0].length, marks[i + 1]?.index ?? text.length),
  }))
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function nameOf(written: string): string | undefined {
  try {
    const name: unknown = JSON.parse(written)
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}
