// Entity tags of answers that vigia compresses (RFC 9110 8.8.3). A strong tag stands for the very bytes, so the compressed answer gets the
// weak one of the same name. What a client sends back of it is turned into the upstream's own again: some upstreams compare strongly, all
// do for If-Match. No tag is remembered, only whether an upstream's own are strong or weak.

const TAG = /(W\/)?("[^"]*")/g

/** What the tags were like that upstreams have given so far. */
export type TagStyle = 'strong' | 'weak' | 'both'

/** @returns undefined where it is no entity tag: nobody can compare with it */
export function weakTag(tag: string): string | undefined {
  if (isStrongTag(tag)) return `W/${tag}`
  return /^W\/"[^"]*"$/.test(tag) ? tag : undefined
}

export function isStrongTag(tag: string): boolean {
  return /^"[^"]*"$/.test(tag)
}

/**
 * The value of If-None-Match or If-Match as the upstream knows its tags.
 * @param style of the tags that it gives. `weak`: a weak one of the client's is its own already; `both`: it may be either
 */
export function upstreamTags(value: string, style: TagStyle): string {
  if (style === 'weak' || !value.includes('W/')) return value
  return value.replace(TAG, (tag: string, weak: string | undefined, opaque: string) => {
    if (weak === undefined) return tag
    return style === 'strong' ? opaque : `${opaque}, ${tag}`
  })
}

/** Whether `tag`, a strong one of a 304, is known to the client by its weak form only: it has the compressed answer. */
export function isKnownWeak(ifNoneMatch: string, tag: string): boolean {
  const known = new Set(ifNoneMatch.match(TAG))
  return known.has(`W/${tag}`) && !known.has(tag)
}
