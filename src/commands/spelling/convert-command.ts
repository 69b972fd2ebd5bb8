// How convert is spelled. What it does is in its own files, loaded only when it is asked for.

import type { Command } from 'commander'
import type { ConvertOptions } from '../convert.ts'
import type { Done } from './asking.ts'

export function addConvertCommand(program: Command, done: Done): void {
  const convert = program
    .command('convert')
    .description('make a configuration of vigia from one of HAProxy, nginx, Caddy or Traefik')
  convert
    .argument('<file>', 'haproxy.cfg, nginx.conf, one of sites-enabled/, Caddyfile, traefik.yaml or .toml')
    .addOption(
      convert
        .createOption('--from <product>', 'whose it is (default: as its name and contents say)')
        .choices(['haproxy', 'nginx', 'caddy', 'traefik']),
    )
    .option('-o, --output <file>', 'write the configuration there (default: standard output)')
    .option('--force', 'replace a file of that name', false)
    .option('--json', 'print configuration, notes and problems as JSON', false)
    .addHelpText('after', NOTES)
    .action(async (file: string, options: ConvertOptions) =>
      done((await import('../convert.ts')).convert(file, options)),
    )
}

const NOTES = `
Files that it includes are read too. The report, on standard error, has a line for each directive that is not converted, or behaves
differently in vigia. What protects something and can't be converted closes what it protected, until you decide: look for TODO.
Nothing is started, and no connection is made.

Exit code: 0 converted, and "vigia check" accepts it, 1 something is left to do (TODO in the result), 2 it can't be read.`
