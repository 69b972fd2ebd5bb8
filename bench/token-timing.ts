// What the time that the admin listener takes to look at a token tells of the tokens: right ones at the beginning and the end of the
// list, wrong ones that begin like a right one or not at all, in turn. Run: node bench/token-timing.ts

import { createHash, randomBytes } from 'node:crypto'
import { TokenTable } from '../src/admin/access/tokens.ts'

const TOKENS = 20
const ROUNDS = 400
const CALLS = 500

const tokens = Array.from({ length: TOKENS }, () => randomBytes(32).toString('base64url'))
const table = new TokenTable(
  tokens.map((token, i) => ({
    name: `t${i}`,
    role: 'read',
    sha256: createHash('sha256').update(token).digest('hex'),
  })),
)
const kinds = {
  'right, the first': tokens[0]!,
  'right, the last': tokens.at(-1)!,
  'wrong in its last character': `${tokens[0]!.slice(0, -1)}${tokens[0]!.endsWith('A') ? 'B' : 'A'}`,
  'wrong altogether': randomBytes(32).toString('base64url'),
}
const times = new Map(Object.keys(kinds).map(kind => [kind, [] as number[]]))
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [kind, token] of Object.entries(kinds)) {
    const began = process.hrtime.bigint()
    for (let i = 0; i < CALLS; i += 1) table.find(token)
    times.get(kind)!.push(Number(process.hrtime.bigint() - began) / CALLS)
  }
}
for (const [kind, all] of times) {
  const sorted = all.sort((a, b) => a - b)
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))]! / 1000).toFixed(2)
  console.log(`${kind.padEnd(28)} ${at(0.1)} ${at(0.5)} ${at(0.9)} us (10 %, median, 90 %)`)
}
