// The scenarios of the suite, in the order in which they run.
import { download64k } from './download-64k.ts'
import { jsonRpc } from './json-rpc.ts'
import type { Scenario } from './scenario.ts'
import { smallGet } from './small-get.ts'

export const scenarios: readonly Scenario[] = [smallGet, jsonRpc, download64k]
