// include: which files belong to a configuration, how they are joined, and that each problem is told at its place in its own file.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatProblem } from '../../../../../src/config/forms/problem.ts'
import { joinFiles } from '../../../../../src/config/read/include/kept-files.ts'
import { type LoadedSnapshot, loadBytes, loadConfig } from '../../../../../src/config/read/load.ts'

const LISTENERS = 'listeners:\n  - { name: web, address: ":8080" }\n'
const site = (name: string, more = '') => `routes:
  - { name: ${name}, match: { host: ${name}.example.com }, pool: ${name} }
pools:
  ${name}:
    upstreams:
      - { name: one, url: "http://127.0.0.1:8101" }
${more}`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-include-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

function load(files: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}) {
  write(files)
  return loadConfig(join(folder, 'vigia.yaml'), env)
}

function loaded(files: Readonly<Record<string, string>>, env?: NodeJS.ProcessEnv): LoadedSnapshot {
  const found = load(files, env)
  if (!found.ok) throw new Error(found.problems.map(formatProblem).join('\n'))
  return found
}

/** Without the folder's name. */
function problems(files: Readonly<Record<string, string>>, env?: NodeJS.ProcessEnv): string[] {
  const found = load(files, env)
  return (found.ok ? found.warnings : found.problems).map(each => formatProblem(each).replaceAll(`${folder}/`, ''))
}

const names = ({ snapshot }: LoadedSnapshot) => snapshot.routes.map(({ name }) => name)
const including = (...patterns: string[]) => `include: [${patterns.map(each => JSON.stringify(each)).join(', ')}]\n`

describe('what is included', () => {
  test('counts after what the file itself says, in the order of the list, and of the names', () => {
    const found = loaded({
      'vigia.yaml': including('last.yaml', 'conf.d/*.yaml') + LISTENERS + site('own'),
      'last.yaml': site('listed-first'),
      'conf.d/20-b.yaml': site('b'),
      'conf.d/100-c.yaml': site('c'),
      'conf.d/.hidden.yaml': 'not: read',
      'conf.d/10-a.yaml.bak': 'not: read',
    })
    expect(names(found)).toEqual(['own', 'listed-first', 'c', 'b'])
    expect(found.snapshot.pools.map(({ name }) => name)).toEqual(names(found))
  })

  test('may include others, looked for from its own folder, and they follow it', () => {
    const found = loaded({
      'vigia.yaml': including('sites/one.yaml', 'two.yaml') + LISTENERS,
      'sites/one.yaml': including('parts/*.yaml') + site('one'),
      'sites/parts/of-one.yaml': site('of-one'),
      'two.yaml': site('two'),
    })
    expect(names(found)).toEqual(['one', 'of-one', 'two'])
  })

  test('may hold a part of any mapping, and only comments', () => {
    const { snapshot } = loaded({
      'vigia.yaml': `${including('a.yaml', 'b.yaml')}timeouts: { connect: 3s }\n${LISTENERS}`,
      'a.yaml': site('a', 'timeouts: { response: 45s }\n'),
      'b.yaml': '# nothing yet\n',
    })
    expect(snapshot.timeouts).toMatchObject({ connectMs: 3000, responseMs: 45_000 })
  })

  test('has variables, secrets in files and anchors like any other; files are looked for from the folder of the configuration', () => {
    const { snapshot, inputs } = loaded(
      {
        'vigia.yaml': including('conf.d/*.yaml') + LISTENERS,
        'conf.d/a.yaml': site('a').replace(
          'upstreams:',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the document
          'balance: &how "${BALANCE}"\n    health: { path: /, headers: { X-Key: { file: key } } }\n    upstreams:',
        ),
        'conf.d/b.yaml': site('b').replace('upstreams:', 'balance: &how random-two\n    upstreams:'),
        'conf.d/c.yaml': site('c')
          .replace('upstreams:', 'balance: &how round-robin\n    upstreams:')
          .replace('one', '*how'),
        key: 'hush\n',
      },
      { BALANCE: 'peak-ewma' },
    )
    expect(snapshot.pools.map(({ balance }) => balance.kind)).toEqual(['peak-ewma', 'random-two', 'round-robin'])
    expect(JSON.stringify(snapshot.pools[0])).toContain('hush')
    expect(snapshot.pools[2]!.upstreams[0]!.name).toBe('round-robin')
    expect([...inputs.keys()].map(path => path.slice(folder.length + 1)).sort()).toEqual(
      ['vigia.yaml', 'conf.d/*.yaml', 'conf.d/a.yaml', 'conf.d/b.yaml', 'conf.d/c.yaml', 'key'].sort(),
    )
  })

  test('is nothing where a pattern matches nothing, or has no folder', () => {
    const found = loaded({ 'vigia.yaml': including('*.yml', 'none/*.yaml') + LISTENERS + site('own') })
    expect(names(found)).toEqual(['own'])
  })
})

describe('a problem is told at its place', () => {
  const main = including('a.yaml', 'b.yaml') + LISTENERS

  test('of the schema, of a rule between parts, and of YAML', () => {
    const wrong = site('a').replace('upstreams:', 'balanse: random\n    upstreams:')
    expect(problems({ 'vigia.yaml': main, 'a.yaml': wrong, 'b.yaml': site('b') })).toEqual([
      'a.yaml:5:5: pools.a.balanse: unknown key, did you mean "balance"?',
    ])
    const astray = site('b').replace('pool: b', 'pool: c')
    expect(problems({ 'vigia.yaml': main, 'a.yaml': site('a'), 'b.yaml': astray })).toEqual([
      'b.yaml:2:54: routes[1].pool: there is no pool "c", did you mean "a"?',
      'b.yaml:4:3: warning: pools.b: no route uses this pool: it is probed but serves nothing',
    ])
    expect(problems({ 'vigia.yaml': main, 'a.yaml': 'pools: {', 'b.yaml': 'a: 1\na: 2\n' })).toEqual([
      expect.stringMatching(/^a\.yaml:1:\d+: YAML: /),
      'b.yaml:2:1: YAML: the key is there twice: remove one',
    ])
  })

  test('of advice, which a comment there allows', () => {
    const quiet = site('b').replace('    upstreams:', '    # vigia: allow one-node\n    upstreams:')
    const { advice } = loaded({ 'vigia.yaml': main, 'a.yaml': site('a'), 'b.yaml': quiet })
    expect(advice.map(({ file, line, code }) => `${file.slice(folder.length + 1)}:${line} ${code}`)).toEqual([
      'a.yaml:5 one-node',
      'a.yaml:5 tcp-probe',
      'b.yaml:6 tcp-probe',
    ])
  })

  test('of a file that is not there, empty, no mapping, or not a file at all', () => {
    execFileSync('mkfifo', [join(folder, 'pipe.yaml')])
    mkdirSync(join(folder, 'conf.d/deep.yaml'), { recursive: true })
    expect(
      problems({
        'vigia.yaml': `include:\n  - none.yaml\n  - empty.yaml\n  - list.yaml\n  - pipe.yaml\n  - conf.d/*\n`,
        'empty.yaml': '',
        'list.yaml': '- a\n',
      }),
    ).toEqual([
      `vigia.yaml:2:5: include[0]: the file "none.yaml" does not exist (it is looked for from the configuration's folder)`,
      'empty.yaml:1:1: the file is empty: remove it, or write a comment into it',
      `vigia.yaml:5:5: include[3]: the file "pipe.yaml" is not a regular file (it is looked for from the configuration's folder)`,
      `vigia.yaml:6:5: include[4]: the file "conf.d/deep.yaml" is not a regular file (it is looked for from the configuration's folder)`,
    ])
    expect(problems({ 'vigia.yaml': 'include: [list.yaml]\n' })).toEqual([
      'list.yaml:1:1: expected keys, such as pools: and below it the pools of this file',
    ])
  })

  test('of what is said twice, with both', () => {
    const found = problems({
      'vigia.yaml': `${main}workers: 1\nlog: { level: info }\n`,
      'a.yaml': `${site('a')}workers: 1\nlog: { level: warn }\n`,
      'b.yaml': `${site('b')}  a:\n    upstreams: []\n`,
    })
    expect(found).toEqual([
      'a.yaml:7:1: workers: is said already at vigia.yaml:4:1: no file overrides another, say it in one of them',
      'a.yaml:8:8: log.level: is said already at vigia.yaml:5:8: no file overrides another, say it in one of them',
      'b.yaml:7:3: pools.a: is said already at a.yaml:4:3: no file overrides another, say it in one of them',
    ])
    const listener = '  - { name: web, address: ":8081" }\n'
    expect(
      problems({ 'vigia.yaml': main, 'a.yaml': site('a'), 'b.yaml': `${site('b')}listeners:\n${listener}` }),
    ).toEqual(['b.yaml:8:13: listeners[1].name: "web" is the name of listeners[0] already (vigia.yaml:3:5)'])
  })

  test('of a route that one of another file keeps from ever being asked', () => {
    const all = `${main}routes: [{ name: all, pool: a }]\n`
    expect(problems({ 'vigia.yaml': all, 'a.yaml': site('a'), 'b.yaml': '# nothing\n' })).toEqual([
      'a.yaml:2:5: routes[1]: no request can reach this route: routes[0] (all) before it takes all that it matches; move it up or remove it (vigia.yaml:4:10)',
    ])
  })
})

describe('what may be included is bounded', () => {
  test('nothing twice: not by two names, not in a circle, not the configuration file', () => {
    write({ 'conf.d/a.yaml': `include: [../vigia.yaml, a.yaml]\n${site('a')}` })
    symlinkSync('conf.d/a.yaml', join(folder, 'link.yaml'))
    expect(problems({ 'vigia.yaml': `include: [conf.d/a.yaml, link.yaml, "*.yaml"]\n` })).toEqual([
      'conf.d/a.yaml:1:11: include[0]: "vigia.yaml" is the configuration file itself: nothing is included twice',
      'conf.d/a.yaml:1:26: include[1]: "conf.d/a.yaml" is included at vigia.yaml:1:11 already: nothing is included twice',
      'vigia.yaml:1:26: include[1]: "link.yaml" is included at vigia.yaml:1:11 already: nothing is included twice',
      'vigia.yaml:1:37: include[2]: "link.yaml" is included at vigia.yaml:1:11 already: nothing is included twice',
      'vigia.yaml:1:37: include[2]: "vigia.yaml" is the configuration file itself: nothing is included twice',
    ])
  })

  test('in depth', () => {
    const files = Object.fromEntries(
      ['1', '2', '3', '4', '5'].map(n => [`${n}.yaml`, `include: [${Number(n) + 1}.yaml]\n`]),
    )
    expect(problems({ 'vigia.yaml': 'include: [1.yaml]\n', ...files })).toEqual([
      '4.yaml:1:11: include[0]: files may be included 4 deep: include it in one of those above this one',
    ])
  })

  test('in number and in bytes', () => {
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`many/${i}.yaml`, '# x\n']))
    expect(problems({ 'vigia.yaml': 'include: ["many/*"]\n', ...many })).toEqual([
      'vigia.yaml:1:11: include[0]: more than 1000 files: join some of them',
    ])
    const large = `# ${'x'.repeat(600_000)}\n`
    expect(problems({ 'vigia.yaml': 'include: [a.yaml, b.yaml]\n', 'a.yaml': large, 'b.yaml': large })).toEqual([
      'vigia.yaml:1:19: include[1]: all files together are larger than 1 MiB: this is hardly a configuration',
    ])
  })

  test('in what its aliases unfold to', () => {
    const tenfold = (from: string) => Array(10).fill(`*${from}`).join(', ')
    const bomb = [
      'trustedProxies: &a [x]',
      ...'bcdefg'.split('').map((name, i) => `${name}: &${name} [${tenfold('abcdefg'[i]!)}]`),
    ]
    expect(problems({ 'vigia.yaml': 'include: [a.yaml]\n', 'a.yaml': bomb.join('\n') })).toEqual([
      'a.yaml:1:1: YAML: the aliases (*name) unfold to too much: write the values out',
    ])
  })

  test('in how it may be written', () => {
    const found = problems({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the document
      'vigia.yaml': 'include:\n  - "${HOME}/a.yaml"\n  - "*/a.yaml"\n  - a.yaml\n',
      'a.yaml': 'include: b.yaml\n',
    })
    expect(found).toEqual([
      'vigia.yaml:2:5: include[0]: a variable cannot stand in it: write the path',
      'vigia.yaml:3:5: include[1]: * and ? may stand in the name of the file only, not in its folder',
      'a.yaml:1:10: include: expected a list of files, such as [conf.d/*.yaml]',
    ])
    expect(problems({ 'vigia.yaml': `include: conf.d\n${LISTENERS}${site('a')}` })).toEqual([
      'vigia.yaml:1:10: include: "conf.d" is not valid here, expected a list of files, such as [conf.d/*.yaml]',
    ])
    expect(problems({ 'vigia.yaml': `<<: { include: [a.yaml] }\n${LISTENERS}${site('a')}` })).toEqual([
      'vigia.yaml:1:1: the key include cannot be merged in by <<: write it as a key of the file',
    ])
  })
})

describe('what was read is kept as one text', () => {
  const FILES = {
    'vigia.yaml': including('conf.d/*.yaml') + LISTENERS,
    'conf.d/a.yaml': `---\n${site('a')}`.trimEnd(),
    'conf.d/b.yaml': `# why\r\n${site('b')}`,
  }
  const again = (text: string) => loadBytes(new TextEncoder().encode(text), join(folder, 'vigia.yaml'), {})

  test('that says the same again when its files are gone, to the place of each problem', () => {
    const first = loaded(FILES)
    rmSync(join(folder, 'conf.d'), { recursive: true })
    const second = again(first.text)
    expect(second).toMatchObject({ ok: true, snapshot: first.snapshot, advice: first.advice, text: first.text })
    const broken = again(first.text.replace('pool: b', 'pool: c'))
    expect(broken.ok ? [] : broken.problems.map(({ file, line }) => `${file}:${line}`)).toEqual([
      `${folder}/conf.d/b.yaml:3`,
      `${folder}/conf.d/b.yaml:5`,
    ])
  })

  test('that is judged like files: their number, their form, and names that would move a cursor', () => {
    const wrong = (name: string, count: number) => {
      const parts = Array.from({ length: count }, () => ({ name, text: 'pools: {' }))
      const found = again(joinFiles([{ name: 'vigia.yaml', text: LISTENERS }, ...parts]))
      return found.ok ? [] : found.problems.map(formatProblem)
    }
    expect(wrong('a', 1001)).toEqual([expect.stringContaining('it is of more than 1000 files: join some of them')])
    expect(wrong('\u001b[2J\n', 1)).toEqual([expect.stringMatching(/\/\?\[2J\?:\d+:\d+: YAML: /)])
  })

  test('which no file can hold by itself', () => {
    const mark = '--- # vigia: file "x.yaml"\n'
    expect(problems({ ...FILES, 'conf.d/a.yaml': mark + site('a') })).toEqual([
      'conf.d/a.yaml:2:1: holds a line that stands only in what vigia keeps: --- # vigia: file',
    ])
  })
})
