// How why is spelled. What it does is in its own file, loaded only when it is asked for.

import type { Command } from 'commander'
import type { WhyOptions } from '../live/why.ts'
import { asking, type Done } from './asking.ts'

export function addExplainCommands(program: Command, admin: string, done: Done): void {
  asking(
    program
      .command('why')
      .description('say why an upstream is in or out, or what became of a request')
      .argument('<what>', 'POOL/UPSTREAM, POOL, or the id of a request')
      .option('--request', 'it is the id of a request, whatever it looks like', false),
    admin,
    WHY_NOTES,
  ).action(async (what: string, options: WhyOptions) => done(await (await import('../live/why.ts')).why(what, options)))
}

const WHY_NOTES = `
The id of a request stands on vigia's own pages, in the field X-Request-Id, and in the access log. What was refused, failed,
was tried again, is in doubt or answered 5xx is kept for a while; of the rest only the access log knows.

Exit code: 0 it is said, 1 nothing is known of it, 2 wrong usage or vigia does not answer.`
