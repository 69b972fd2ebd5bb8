// A plain YAML document as the library `yaml` would read it, in a sixth of the time: js-yaml finds where everything begins and ends. Whatever
// is out of the ordinary (anchors, tags, block texts, tabs, a mistake) is left to `yaml`, which explains what is wrong; what both read, they read alike.

import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, type ScalarEvent } from 'js-yaml'
import { Document, isScalar, type LineCounter, type Node, Pair, Scalar, type ScalarTag, YAMLMap, YAMLSeq } from 'yaml'

/** What may stand first in a plain text that is no string. */
const MAY_BE_NO_STRING = /^[-+.~0-9nNtTfF]/

/** @param lines gets all of them @returns undefined where it is not plain */
export function quickDocument(text: string, lines: LineCounter): Document.Parsed | undefined {
  if (/[\t\r\ufeff]/.test(text)) return undefined
  let contents: Node | undefined
  const document = new Document()
  try {
    contents = new Builder(text, document).build(parseEvents(text, {}))
  } catch {
    return undefined
  }
  if (contents === undefined) return undefined
  document.contents = contents as typeof document.contents
  lines.addNewLine(0)
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1)
  return document as Document.Parsed
}

class NotPlain extends Error {}

class Builder {
  readonly #text: string
  readonly #tags: readonly ScalarTag[]
  /** Those that are open, the innermost last. */
  readonly #open: (YAMLMap | YAMLSeq)[] = []
  #key: Scalar | undefined
  #root: Node | undefined

  constructor(text: string, document: Document) {
    this.#text = text
    this.#tags = document.schema.tags.filter((tag): tag is ScalarTag => tag.default === true && 'test' in tag)
  }

  /** @throws NotPlain */
  build(events: readonly Event[]): Node | undefined {
    for (const event of events) {
      switch (event.type) {
        case EVENT_ID.DOCUMENT:
          if (event.directives.length > 0 || this.#root !== undefined) throw new NotPlain()
          break
        case EVENT_ID.MAPPING:
          this.#begin(event, new YAMLMap())
          break
        case EVENT_ID.SEQUENCE:
          this.#begin(event, new YAMLSeq())
          break
        case EVENT_ID.SCALAR:
          this.#place(event, this.#scalarOf(event))
          break
        case EVENT_ID.POP:
          this.#open.pop()
          break
        case EVENT_ID.ALIAS:
          throw new NotPlain()
      }
    }
    return this.#root
  }

  #begin(event: Placed & { readonly start: number }, collection: YAMLMap | YAMLSeq): void {
    collection.range = [event.start, event.start, event.start]
    this.#place(event, collection)
    this.#open.push(collection)
  }

  #place({ anchorStart, tagStart }: Placed, node: Node): void {
    if (anchorStart >= 0 || tagStart >= 0) throw new NotPlain()
    const parent = this.#open.at(-1)
    if (parent === undefined) this.#root = node
    else if (parent instanceof YAMLSeq) parent.items.push(node)
    else if (this.#key !== undefined) {
      parent.items.push(new Pair(this.#key, node))
      this.#key = undefined
    } else {
      if (!isScalar(node) || node.value === '<<') throw new NotPlain()
      this.#key = node
    }
  }

  #scalarOf(event: ScalarEvent): Scalar {
    const isPlain = event.style === SCALAR_STYLE.PLAIN
    if (event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK) throw new NotPlain()
    // Where it stands when there is nothing of it is a matter of opinion.
    if (isPlain && event.valueEnd <= event.valueStart) throw new NotPlain()
    const isKey = this.#key === undefined && this.#open.at(-1) instanceof YAMLMap
    const text = getScalarValue(this.#text, event)
    const scalar = new Scalar(isPlain && !isKey ? this.#valueOf(text) : text)
    const isQuoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED
    const quote = isQuoted ? 1 : 0
    scalar.range = [event.valueStart - quote, event.valueEnd + quote, event.valueEnd + quote]
    return scalar
  }

  #valueOf(text: string): unknown {
    if (!MAY_BE_NO_STRING.test(text)) return text
    const value = this.#tags.find(({ test }) => test?.test(text))?.resolve(text, () => {}, {})
    return isScalar(value) ? value.value : (value ?? text)
  }
}

interface Placed {
  readonly anchorStart: number
  readonly tagStart: number
}
