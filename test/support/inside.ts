// A vigia within the process of its test, for what a test has to reach into: of the bundle, as its worker threads are. To load the sources
// of the control plane costs more than all that a test does with them.

import { RUN_URL } from './bundles.ts'

export type { RunningVigia, StartOptions } from '../../src/commands/run.ts'

export const { startVigia: startInside } = (await import(RUN_URL.href)) as typeof import('../../src/commands/run.ts')
