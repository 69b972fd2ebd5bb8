// How cache is spelled. What it does is in its own file, loaded only when it is asked for.

import type { Command } from 'commander'
import type { CacheListOptions, CacheOptions, PurgeOptions } from '../live/cache.ts'
import { asking, BY, type Done } from './asking.ts'

export function addCacheCommands(program: Command, admin: string, done: Done): void {
  const cache = program.command('cache').description('what is cached of answers').helpCommand(false)
  const selecting = (command: Command) =>
    command
      .option('--host <host>', 'only of this host')
      .option('--path <prefix>', 'only what begins with this path, such as /web/assets')
      .option('--pool <pool>', 'only of this pool')
  asking(
    cache.command('stat', { isDefault: true }).description('how much there is of it, and since when'),
    admin,
  ).action(async (options: CacheOptions) => done(await (await import('../live/cache.ts')).cacheStat(options)))
  asking(
    selecting(cache.command('list').description('one by one; those asked for most come first')).option(
      '--limit <entries>',
      'most entries, up to 1000',
      '50',
    ),
    admin,
  ).action(async (options: CacheListOptions) => done(await (await import('../live/cache.ts')).cacheEntries(options)))
  asking(
    selecting(cache.command('purge').description('drop what matches: who asks next asks its upstream'))
      .option('--all', 'all there is', false)
      .option('--reason <text>', 'why, for the audit', 'asked for on the command line')
      .option('--by <name>', BY)
      .option('--unrecorded', 'also where the store cannot record it now (a full disk); that is made up for'),
    admin,
  ).action(async (options: PurgeOptions) => done(await (await import('../live/cache.ts')).cachePurge(options)))
}
