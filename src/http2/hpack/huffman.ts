// Texts in the Huffman code of HPACK (RFC 7541 5.2 and appendix B).

/** Bits of the code of each byte, then of EOS. The code is canonical: lengths alone tell it. */
export const HUFFMAN_LENGTHS: readonly number[] = [
  ...[
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28,
  ],
  ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  ...[
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22,
    23, 23, 24,
  ],
  ...[
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23,
    22, 22, 23,
  ],
  ...[
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28,
    27, 27, 27,
  ],
  ...[
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27,
    27, 27, 26,
  ],
  ...[30],
]
const EOS = 256
/** Most bytes that one encoded byte stands for. */
export const HUFFMAN_GROWTH = 8 / 5

// The decoder is a machine that takes four bits at a time: no code has fewer than five, so each step ends at most one of them. A state is
// an inner node of the tree of codes. An entry of STEPS is the next state, and from bit 8 on the byte that has ended plus 1.
const NIBBLES = 16
const FAILED = -1
const STEPS = new Int32Array(EOS * NIBBLES)
/** 1 = the text may end in this state: what is left of the last byte are fewer than eight bits of EOS, which are all 1. */
const MAY_END = new Uint8Array(EOS)
build()

/**
 * @param into has room for all: `HUFFMAN_GROWTH` for each byte
 * @returns bytes that were written, or -1 where the text is not valid
 */
export function decodeHuffman(from: Buffer, start: number, end: number, into: Buffer): number {
  let state = 0
  let length = 0
  for (let at = start; at < end; at += 1) {
    const byte = from[at]!
    const high = STEPS[(state << 4) | (byte >> 4)]!
    if (high < 0) return FAILED
    if (high > 255) into[length++] = (high >> 8) - 1
    const low = STEPS[((high & 255) << 4) | (byte & 15)]!
    if (low < 0) return FAILED
    if (low > 255) into[length++] = (low >> 8) - 1
    state = low & 255
  }
  return MAY_END[state] === 1 ? length : FAILED
}

function build(): void {
  // children[2 * node + bit]: another node, or a leaf as ~symbol.
  const children: number[] = [0, 0]
  let code = 0
  let bits = 0
  const symbols = HUFFMAN_LENGTHS.map((_, symbol) => symbol).sort(
    (a, b) => HUFFMAN_LENGTHS[a]! - HUFFMAN_LENGTHS[b]! || a - b,
  )
  for (const symbol of symbols) {
    code <<= HUFFMAN_LENGTHS[symbol]! - bits
    bits = HUFFMAN_LENGTHS[symbol]!
    let node = 0
    for (let bit = bits - 1; bit > 0; bit -= 1) {
      const place = 2 * node + ((code >> bit) & 1)
      if (children[place] === 0) {
        children[place] = children.length / 2
        children.push(0, 0)
      }
      node = children[place]!
    }
    children[2 * node + (code & 1)] = ~symbol
    code += 1
  }
  for (let node = 0; node < EOS; node += 1)
    for (let nibble = 0; nibble < NIBBLES; nibble += 1) STEPS[node * NIBBLES + nibble] = step(children, node, nibble)
  for (let node = 0, depth = 0; depth < 8; depth += 1, node = children[2 * node + 1]!) MAY_END[node] = 1
}

function step(children: readonly number[], from: number, nibble: number): number {
  let node = from
  let ended = 0
  for (let bit = 3; bit >= 0; bit -= 1) {
    node = children[2 * node + ((nibble >> bit) & 1)]!
    if (node >= 0) continue
    if (~node === EOS) return FAILED
    ended = ~node + 1
    node = 0
  }
  return (ended << 8) | node
}
