// Whether an error that vigia itself answers is written as JSON or as an HTML page (RFC 9110 12.5.1), and in which language (12.5.4).

/**
 * True where the client likes JSON better than HTML. Where Accept leaves it open (missing, wildcards only, a draw), who
 * sends JSON gets JSON, and anybody else HTML.
 */
export function prefersJson(accept: string | undefined, contentType: string | undefined): boolean {
  if (accept === undefined || accept === '') return sendsJson(contentType)
  const json: Liking = { quality: 0, precision: -1 }
  const html: Liking = { quality: 0, precision: -1 }
  for (const range of accept.split(',')) {
    const type = mediaType(range)
    const quality = qualityOf(range)
    if (isJson(type)) note(json, quality, 2)
    else if (type === 'text/html' || type === 'application/xhtml+xml') note(html, quality, 2)
    else if (type === 'application/*') note(json, quality, 1)
    else if (type === 'text/*') note(html, quality, 1)
    else if (type === '*/*') {
      note(json, quality, 0)
      note(html, quality, 0)
    }
  }
  if (json.quality !== html.quality) return json.quality > html.quality
  if (json.quality > 0 && json.precision !== html.precision) return json.precision > html.precision
  const refused = json.precision >= 0 && json.quality === 0
  return sendsJson(contentType) && !refused
}

/** @param contentType value of the field; undefined = there is none */
export function sendsJson(contentType: string | undefined): boolean {
  return contentType !== undefined && isJson(mediaType(contentType))
}

/**
 * The language that the client likes best. A range means its language whatever region or script it asks for (`pt-BR`, `de-Latn-AT`; RFC 4647
 * 3.4); of equally liked ones the one that it names first. Where it leaves it open, or likes none of them, `fallback`.
 * @param available primary subtags, lower case; `fallback` is one of them
 */
export function preferredLanguage<Language extends string>(
  acceptLanguage: string | undefined,
  available: readonly Language[],
  fallback: Language,
): Language {
  if (acceptLanguage === undefined) return fallback
  const named = new Map<Language, number>()
  let others = 0
  for (const range of acceptLanguage.split(',')) {
    const primary = /^\s*([a-z]+|\*)(?![^-_\s;])/i.exec(range)?.[1]?.toLowerCase()
    if (primary === undefined) continue
    const quality = qualityOf(range)
    if (primary === '*') others = Math.max(others, quality)
    const language = available.find(each => each === primary)
    if (language !== undefined) named.set(language, Math.max(named.get(language) ?? 0, quality))
  }
  let best: Language | undefined
  let most = 0
  for (const [language, quality] of named) {
    if (quality > most) [best, most] = [language, quality]
  }
  // `*` is each language that was not named.
  if (others > most) best = [fallback, ...available].find(language => !named.has(language)) ?? best
  return best ?? fallback
}

interface Liking {
  quality: number
  /** 2 = named, 1 = `application/*`, 0 = any type, -1 = not mentioned. */
  precision: number
}

/** The most precise range decides; among equally precise ones (`application/json`, `application/problem+json`) the best. */
function note(liking: Liking, quality: number, precision: number): void {
  if (precision < liking.precision) return
  liking.quality = precision > liking.precision ? quality : Math.max(liking.quality, quality)
  liking.precision = precision
}

function mediaType(text: string): string {
  const semicolon = text.indexOf(';')
  return (semicolon === -1 ? text : text.slice(0, semicolon)).trim().toLowerCase()
}

function isJson(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json') || type === 'text/json'
}

function qualityOf(range: string): number {
  const match = /;\s*q\s*=\s*(\d(?:\.\d{0,3})?)\s*(?:;|$)/i.exec(range)
  return match === null ? 1 : Math.min(1, Number(match[1]))
}
