// CRC-32C (Castagnoli), as RFC 9260 appendix A has it: of bytes, a table of 256 steps.

const POLYNOMIAL = 0x82f63b78

const STEPS = new Int32Array(256).map((_, byte) => {
  let step = byte
  for (let bit = 0; bit < 8; bit += 1) step = step & 1 ? (step >>> 1) ^ POLYNOMIAL : step >>> 1
  return step
})

/** @returns 0 to 2 ** 32 - 1 */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) crc = (crc >>> 8) ^ STEPS[(crc ^ byte) & 0xff]!
  return ~crc >>> 0
}
