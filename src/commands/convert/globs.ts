// Regular expressions of paths as vigia's paths with *: only where they mean the same, or deny a little more.

/** More alternatives than that are no list of paths any more. */
const MOST = 64

/**
 * Paths with * that match all that `pattern` matches somewhere in a path, as `denyPaths` has them; undefined where that can't be said.
 * Of a pattern with one * too many the denial is wider than the pattern, never narrower.
 * @param pattern without delimiters
 */
export function globsOf(pattern: string): string[] | undefined {
  const texts = alternatives(pattern)
  if (texts === undefined || texts.length > MOST) return undefined
  const globs = new Set<string>()
  for (const each of texts) {
    const isAnchored = each.startsWith('^')
    const isEnded = each.endsWith('$')
    const inner = each.slice(isAnchored ? 1 : 0, isEnded ? -1 : undefined)
    if (/[\^$]/.test(inner)) return undefined
    const end = isEnded ? inner : `${inner}*`
    if (isAnchored && !/^[/*]/.test(end)) return undefined
    if (!isAnchored || end.startsWith('*')) globs.add(tidy(`/${isAnchored ? '' : '*'}${end}`))
    // What a * stands for may be nothing: then the path's own first / is the pattern's.
    const rooted = end.replace(/^\*+/, '')
    if (rooted.startsWith('/')) globs.add(tidy(rooted))
  }
  return [...globs]
}

/** The plain prefixes that an anchored pattern means (`^/(app|desk)/`), and nothing more; undefined = it means something else. */
export function prefixesOf(pattern: string): string[] | undefined {
  const texts = alternatives(pattern.replace(/\.\*\$?$/, '').replace(/(\(\/\|\$\)|\/\?\$?)$/, ''))
  if (texts === undefined || texts.length > MOST) return undefined
  const prefixes = texts.map(each => each.slice(1))
  return texts.every(each => each.startsWith('^/')) && prefixes.every(each => !/[*^$]/.test(each))
    ? prefixes
    : undefined
}

function tidy(glob: string): string {
  return glob.replace(/\*{2,}/g, '*').replace(/^\/\*\//, '/*/')
}

/** Literal texts, with * for `.*` and the like, ^ and $ kept at their ends. */
function alternatives(pattern: string): string[] | undefined {
  const parser = { text: pattern, at: 0 }
  const found = alternation(parser, 0)
  return found !== undefined && parser.at === pattern.length ? found : undefined
}

interface Parser {
  readonly text: string
  at: number
}

function alternation(parser: Parser, depth: number): string[] | undefined {
  if (depth > 8) return undefined
  const all: string[] = []
  for (;;) {
    const one = sequence(parser, depth)
    if (one === undefined) return undefined
    all.push(...one)
    if (all.length > MOST) return undefined
    if (parser.text[parser.at] !== '|') return all
    parser.at += 1
  }
}

function sequence(parser: Parser, depth: number): string[] | undefined {
  let texts = ['']
  while (parser.at < parser.text.length && !'|)'.includes(parser.text[parser.at]!)) {
    const atom = repeated(parser, depth)
    if (atom === undefined) return undefined
    texts = texts.flatMap(start => atom.map(end => start + end))
    if (texts.length > MOST) return undefined
  }
  return texts
}

function repeated(parser: Parser, depth: number): string[] | undefined {
  const atom = oneAtom(parser, depth)
  if (atom === undefined) return undefined
  const sign = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(parser.text.slice(parser.at))?.[0]
  if (sign === undefined) return atom
  parser.at += sign.length
  if (sign.startsWith('?')) return ['', ...atom]
  return atom.some(text => /[\^$]/.test(text)) ? undefined : ['*']
}

function oneAtom(parser: Parser, depth: number): string[] | undefined {
  const { text } = parser
  const char = text[parser.at]!
  if (char === '(') {
    const open = /^\((?:\?:|\?<[A-Za-z_]\w*>|\?P<[A-Za-z_]\w*>)?(?!\?)/.exec(text.slice(parser.at))?.[0]
    if (open === undefined) return undefined
    parser.at += open.length
    const inner = alternation(parser, depth + 1)
    if (inner === undefined || text[parser.at] !== ')') return undefined
    parser.at += 1
    return inner
  }
  if (char === '[') {
    const set = /^\[\^?\]?(?:\\.|[^\]\\])*\]/.exec(text.slice(parser.at))?.[0]
    if (set === undefined) return undefined
    parser.at += set.length
    return ['*']
  }
  if (char === '\\') {
    const next = text[parser.at + 1]
    parser.at += 2
    if (next === undefined) return undefined
    if (/[dwsDWS]/.test(next)) return ['*']
    return /[A-Za-z0-9]/.test(next) ? undefined : [next]
  }
  if ('*+?{}'.includes(char)) return undefined
  parser.at += 1
  return [char === '.' ? '*' : char]
}
