// The nodes that people name: `10.0.0.11`, `erp-1:8069`, `https://erp-1:8443`. Reads them, strictly.

export interface NodeAddress {
  readonly scheme: 'http' | 'https'
  /** As it stands in a URL: an IPv6 address in brackets. */
  readonly host: string
  /** Undefined = that of the ERP. */
  readonly port: number | undefined
}

/** @param text separated by commas or blanks @returns the first that is none, where there is one */
export function parseNodes(text: string): readonly NodeAddress[] | { readonly wrong: string } {
  const nodes: NodeAddress[] = []
  for (const each of text.split(/[\s,]+/).filter(part => part !== '')) {
    const node = parseNode(each)
    if (node === undefined) return { wrong: each }
    nodes.push(node)
  }
  return nodes
}

function parseNode(text: string): NodeAddress | undefined {
  const url = /^https?:\/\//i.test(text) ? text : `http://${text}`
  if (!URL.canParse(url)) return undefined
  const { protocol, hostname, pathname, search, hash, username } = new URL(url)
  if (pathname !== '/' || search !== '' || hash !== '' || username !== '' || hostname === '') return undefined
  const said = /:(\d{1,5})\/?$/.exec(url)?.[1]
  return {
    scheme: protocol === 'https:' ? 'https' : 'http',
    host: hostname,
    port: said === undefined ? undefined : Number(said),
  }
}

export function urlOf({ scheme, host, port }: NodeAddress, fallback: number): string {
  return `${scheme}://${host}:${port ?? fallback}`
}
