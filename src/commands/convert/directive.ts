// What the readers make of another product's configuration: directives with their places. Knows no product.

/** Where something stands. */
export interface Place {
  /** As it was named. */
  readonly file: string
  /** 1-based. */
  readonly line: number
}

/** A word with what follows it, and a block where it has one. */
export interface Directive {
  readonly name: string
  readonly args: readonly string[]
  readonly place: Place
  readonly block?: readonly Directive[]
  /** What became of it has been decided: converted, or noted. Whoever never sets it leaves a line in the report. */
  used: boolean
}

/** A configuration that can't be read: nothing is converted. */
export class ReadFault extends Error {
  readonly place: Place

  /** @param message what is wrong and what to do, one line */
  constructor(place: Place, message: string) {
    super(message)
    this.place = place
  }
}

/** How readers get at files and variables. */
export interface Surroundings {
  /** Undefined = there is none, or it can't be read. Throws ReadFault where it is too large or no text. */
  read(path: string): string | undefined
  /** Files that a pattern with * means, sorted; without one, the file itself. Folders are left out. */
  find(pattern: string): readonly string[]
  /** A variable of the environment. */
  variable(name: string): string | undefined
}

const LONGEST = 70
/** Words after which a secret may stand. */
const SECRET = /passw|secret|token|authorization|\bauth\b|credential|cookie-key|^key$|api.?key|basicauth|basic_auth/i

/** A directive as it is quoted: short, on one line, and without what may be a secret. */
export function quoteDirective({ name, args }: Pick<Directive, 'name' | 'args'>): string {
  const words = [name, ...args]
  const secret = words.findIndex(word => SECRET.test(word))
  const shown = secret === -1 ? words : [...words.slice(0, secret + 1), ...(secret + 1 < words.length ? ['...'] : [])]
  const text = shown.join(' ').replace(/[\s\x00-\x1f\x7f]+/g, ' ')
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 3)}...`
}

export function samePlace({ file, line }: Place): string {
  return `${file}:${line}`
}

/** All of that name in a block. */
export function all(block: readonly Directive[], name: string): Directive[] {
  return block.filter(each => each.name === name)
}

/** All of that name, from here on decided. */
export function take(block: readonly Directive[], name: string): Directive[] {
  const found = all(block, name)
  for (const each of found) each.used = true
  return found
}

/** The last of that name: it counts where one may stand only once. */
export function takeLast(block: readonly Directive[], name: string): Directive | undefined {
  return take(block, name).at(-1)
}
