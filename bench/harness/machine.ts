// Names the machine and the versions that figures were measured with: kind of processor, cores, kernel; no host names.
import { cpus, release, totalmem } from 'node:os'
import type { Peer } from '../peers/peer.ts'

export interface Environment {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly kernel: string
  readonly node: string
  readonly versions: Readonly<Record<string, string>>
}

export function describeEnvironment(peers: readonly Peer[]): Environment {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    versions: Object.fromEntries(peers.map(peer => [peer.name, peer.version()])),
  }
}
