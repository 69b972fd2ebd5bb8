// The upstream on nginx: one location per scenario, its answer in a file. A POST is answered once its whole body was read
// (the mirror reads it), as an ERP does; nginx by itself would answer at the end of the head.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFromTemplate } from '../harness/template.ts'
import type { Scenario } from '../scenarios/scenario.ts'

/** Writes configuration and answers into the folder; returns the command line. */
export function prepareNginxUpstream(
  nginx: string,
  {
    ports,
    folder,
    scenarios,
  }: { readonly ports: readonly number[]; readonly folder: string; readonly scenarios: readonly Scenario[] },
): string[] {
  const answers = join(folder, 'answers')
  mkdirSync(answers)
  const paths = new Set<string>()
  const own = scenarios.filter(({ request }) => paths.size < paths.add(request.path).size)
  const locations = own.map(({ name, request, answer }) => {
    writeFileSync(join(answers, name), answer.body)
    const file = `/answers/${name}`
    const plain = `location = ${file} { root ${folder}; types {} default_type ${answer.contentType}; }`
    // The static handler refuses POST with 405, after the mirror has read the body; the file is then sent instead.
    const handler =
      request.method === 'POST'
        ? `mirror /read-whole-body; root ${folder}; try_files ${file} =404; error_page 405 =200 ${file};`
        : `root ${folder}; types {} default_type ${answer.contentType}; try_files ${file} =404;`
    return `        ${plain}\n        location = ${request.path} { ${handler} }`
  })
  const listen = ports.map(port => `        listen 127.0.0.1:${port} backlog=4096;`).join('\n')
  const values = { LISTEN: listen, FOLDER: folder, LOCATIONS: locations.join('\n') }
  const config = writeFromTemplate(new URL('./nginx.conf', import.meta.url), join(folder, 'nginx.conf'), values)
  return [nginx, '-p', folder, '-e', 'stderr', '-c', config]
}
