// The schema as many small schemas that refer to each other. ajv makes a function of each, and V8 compiles only those that a document
// asks for: as one function the check costs every command 65 ms, most of it for keys that the file does not have.

type Schema = object

/** In characters of JSON: what is smaller stays where it is, as a call costs more than it saves. */
const SMALLEST = 200

/** @returns a schema that accepts and refuses the same; its errors name other places in the schema, and the same in the document */
export function inParts(schema: Schema): Schema {
  const names = new Map<string, string>()
  const parts: Record<string, Schema> = {}

  const partOf = (inner: Schema): Schema => {
    const apart = takeApart(inner)
    const text = JSON.stringify(apart)
    if (text.length < SMALLEST) return apart
    const name = names.get(text) ?? `part${names.size}`
    names.set(text, name)
    parts[name] = apart
    const ref = { $ref: `#/$defs/${name}` }
    // It is said where the key is missing, so where nothing of its part is looked at.
    return 'whyRequired' in inner ? { ...ref, whyRequired: inner.whyRequired } : ref
  }
  // What is below `anyOf` stays in one piece with it: the place in the schema tells which branch an error is of (explain.ts).
  const takeApart = (outer: Schema): Schema =>
    Object.fromEntries(
      Object.entries(outer).map(([keyword, value]) => {
        if (keyword === 'items') return [keyword, partOf(value as Schema)]
        if (keyword !== 'properties' && keyword !== 'patternProperties') return [keyword, value]
        const inner = Object.entries(value as Readonly<Record<string, Schema>>)
        return [keyword, Object.fromEntries(inner.map(([key, each]) => [key, partOf(each)]))]
      }),
    )
  return { ...takeApart(schema), $defs: parts }
}
