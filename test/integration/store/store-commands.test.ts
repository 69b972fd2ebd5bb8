import { chownSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { auditVerify } from '../../../src/commands/store/audit-verify.ts'
import { backup } from '../../../src/commands/store/backup.ts'
import { restore } from '../../../src/commands/store/restore.ts'
import { inspectStore } from '../../../src/store/backup/inspect.ts'
import { vigiaCommand } from '../../support/command.ts'
import { holdOf, openTestStore, storeFolder, transitionOf } from '../../support/store.ts'

function terminal() {
  const lines: string[] = []
  return { lines, io: { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) } }
}

async function storeWith(...upstreams: readonly string[]) {
  const folder = storeFolder()
  const path = join(folder, 'vigia.db')
  const { store } = await openTestStore(path)
  for (const upstream of upstreams) await store.commit(holdOf(upstream))
  return { folder, path, store, copy: join(folder, 'copy.db') }
}

test('a backup of a store that is written to all the time is one sound file of one moment', async () => {
  const { path, store, copy, folder } = await storeWith('erp-1')
  for (let row = 0; row < 3_000; row += 1)
    store.append('transition', { ...transitionOf('erp-1'), cause: 'x'.repeat(300) })
  let writing = true
  const writer = (async () => {
    for (let count = 0; writing; count += 1) await store.commit(holdOf(`erp-${count % 9}`))
  })()
  const { lines, io } = terminal()
  expect(await backup(copy, { store: path, force: false }, io)).toBe(0)
  writing = false
  await writer
  expect(lines[0]).toContain('a sound copy of')
  expect(inspectStore(copy, 'full').audit?.fault).toBeUndefined()
  expect(readdirSync(folder).filter(name => name.startsWith('copy'))).toEqual(['copy.db'])
  expect(statSync(copy).mode & 0o777).toBe(0o600)
})

test('a backup replaces a file only when told so, never the store itself, and needs a store', async () => {
  const { path, copy } = await storeWith('erp-1')
  writeFileSync(copy, 'mine')
  const { lines, io } = terminal()
  expect(await backup(copy, { store: path, force: false }, io)).toBe(1)
  expect(readFileSync(copy, 'utf8')).toBe('mine')
  expect(await backup(path, { store: path, force: true }, io)).toBe(1)
  expect(await backup(copy, { store: `${path}.none`, force: true }, io)).toBe(1)
  expect(existsSync(`${path}.none`)).toBe(false)
  expect(lines.join('\n')).toMatch(
    /exists: name another file, or say --force[\s\S]*is the store itself[\s\S]*there is no store/,
  )
  expect(await backup(copy, { store: path, force: true }, io)).toBe(0)
  expect(inspectStore(copy, 'full').counts.overrides).toBe(1)
})

test.skipIf(process.getuid?.() !== 0)('what root restores belongs to who owns the folder', async () => {
  const { copy, path, store } = await storeWith('erp-1')
  expect(await backup(copy, { store: path, force: false }, terminal().io)).toBe(0)
  await store.close()
  const elsewhere = storeFolder()
  chownSync(elsewhere, 4321, 4321)
  expect(await restore(copy, { store: join(elsewhere, 'vigia.db'), verify: true }, terminal().io)).toBe(0)
  expect(readdirSync(elsewhere).map(name => statSync(join(elsewhere, name)).uid)).toEqual([4321, 4321])
})

test('a restored store is the backup, says so in its audit, and the former one is kept beside', async () => {
  const { path, copy, store } = await storeWith('erp-1')
  const { lines, io } = terminal()
  await backup(copy, { store: path, force: false }, io)
  await store.commit(holdOf('erp-2'))
  expect(await restore(copy, { store: path, verify: true, by: 'ana' }, io)).toBe(1)
  expect(lines.at(-1)).toContain('in use by another vigia')
  await store.close()
  expect(await restore(copy, { store: path, verify: true, by: 'ana' }, io)).toBe(0)
  const aside = lines.at(-1)!.split(' ').at(-1)!
  expect(aside).toContain(`${path}.before-restore-`)
  expect(inspectStore(aside, 'full').counts.overrides).toBe(2)
  const again = await openTestStore(path)
  expect(await again.store.overrides()).toHaveLength(1)
  expect((await again.store.audit()).rows[0]).toMatchObject({
    action: 'store.restore',
    actor: 'ana',
    source: 'cli',
    after: { aside },
  })
  expect(again.notices).toEqual([])
})

test('a backup that is corrupt or whose audit was changed is not restored, and nothing changes', async () => {
  const { path, copy, folder, store } = await storeWith('erp-1', 'erp-2')
  const { lines, io } = terminal()
  await backup(copy, { store: path, force: false }, io)
  await store.close()
  const before = readFileSync(path)
  const db = new DatabaseSync(copy)
  db.exec("DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'eve' WHERE seq = 1")
  db.close()
  expect(await restore(copy, { store: path, verify: true }, io)).toBe(1)
  expect(lines.at(-1)).toContain('row 1 was changed')
  for (const broken of ['no database at all', '']) {
    writeFileSync(copy, broken)
    expect(await restore(copy, { store: path, verify: false }, io)).toBe(1)
  }
  expect(await restore(join(folder, 'none.db'), { store: path, verify: true }, io)).toBe(1)
  expect(readFileSync(path).equals(before)).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['copy.db', 'vigia.db', 'vigia.db.lock', 'vigia.db.orders'])
})

test('a store that a killed vigia has left with its log is kept whole by a restore', async () => {
  const { path, copy, store, folder } = await storeWith('erp-1')
  const { io } = terminal()
  await backup(copy, { store: path, force: false }, io)
  await store.commit(holdOf('erp-2'))
  // As after kill -9: a copy of the file and of its log, with rows that are in the log only.
  const killed = join(folder, 'killed.db')
  for (const part of ['', '-wal']) writeFileSync(`${killed}${part}`, readFileSync(`${path}${part}`))
  expect(await restore(copy, { store: killed, verify: true }, io)).toBe(0)
  const aside = readdirSync(folder).find(
    name => name.startsWith('killed.db.before-restore-') && !name.endsWith('-wal'),
  )!
  expect(inspectStore(join(folder, aside), 'full').counts.overrides).toBe(2)
  expect(inspectStore(killed, 'full').counts.overrides).toBe(1)
})

test('the audit of a running vigia can be verified, against a hash that was kept elsewhere too', async () => {
  const { path, store } = await storeWith('erp-1')
  const { lines, io } = terminal()
  expect(await auditVerify({ store: path }, io)).toBe(0)
  const hash = /hash ([0-9a-f]{64})/.exec(lines.join('\n'))![1]!
  await store.commit(holdOf('erp-2'))
  expect(await auditVerify({ store: path, expect: hash }, io)).toBe(0)
  expect(await auditVerify({ store: path, expect: hash.replace(/^./, 'g') }, io)).toBe(1)
  expect(await auditVerify({ store: `${path}.none` }, io)).toBe(1)
})

test('the program has the three commands', async () => {
  const { path, copy } = await storeWith('erp-1')
  const made = await vigiaCommand(['backup', copy, '--store', path])
  expect(made).toMatchObject({ code: 0, stderr: '' })
  const [verified, refused] = await Promise.all([
    vigiaCommand(['audit', 'verify', '--store', copy]),
    vigiaCommand(['restore', copy, '--verify', '--store', path]),
  ])
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('the audit is whole: 1 row') })
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('in use by another vigia') })
})
