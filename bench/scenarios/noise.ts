// Bytes that no layer can shrink, the same in every run and every process, so that a body is told from another by its hash.
import { createHash } from 'node:crypto'

export function noise(bytes: number): Buffer {
  const blocks: Buffer[] = []
  for (let i = 0; i * 32 < bytes; i++) blocks.push(createHash('sha256').update(String(i)).digest())
  return Buffer.concat(blocks).subarray(0, bytes)
}
