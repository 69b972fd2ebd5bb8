import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addToChain } from '../../../../src/store/audit/audit-chain.ts'
import { verifyAudit } from '../../../../src/store/audit/verify-audit.ts'
import { inspectAudit } from '../../../../src/store/backup/inspect.ts'
import type { AuditEntry } from '../../../../src/store/contract.ts'
import { migrate } from '../../../../src/store/file/migrate.ts'
import { tidy } from '../../../../src/store/thread/retention.ts'
import { DEFAULT_RETENTION } from '../../../../src/store/tuning.ts'
import { ANY_UNIT } from '../../../support/any-text.ts'
import { branch, whole } from '../../../support/random.ts'
import { auditOf, storeFolder } from '../../../support/store.ts'

const DAY_MS = 86_400_000
const GUARDS = ['audit_only_next', 'audit_no_update', 'audit_no_delete', 'audit_cut_no_update', 'audit_cut_no_delete']

function chainOf(entries: readonly AuditEntry[], path = ':memory:'): DatabaseSync {
  const db = new DatabaseSync(path)
  migrate(db)
  for (const [index, entry] of entries.entries()) addToChain(db, entry, index)
  return db
}

const rows = (count: number) => Array.from({ length: count }, (_, index) => auditOf(`erp/erp-${index + 1}`))

/** As somebody with the file in his hands would: the guards go, and come back when he is done. */
function tamper(db: DatabaseSync, sql: string): void {
  const guards = db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").all()
  for (const guard of GUARDS) db.exec(`DROP TRIGGER ${guard}`)
  db.exec(sql)
  for (const { sql: guard } of guards) db.exec(String(guard))
}

const verify = (db: DatabaseSync, expected?: string) => verifyAudit(db, 'vigia.db', expected)

describe('the audit chain', () => {
  test('is whole however strange the texts and values in it are', () => {
    const anyText = fc.string({ unit: ANY_UNIT, maxLength: 12 })
    const halfPairs = fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 })
      .map(codes => String.fromCharCode(...codes))
    const text = fc.oneof(anyText, halfPairs)
    const entry = fc.record({
      actor: text,
      source: fc.constantFrom('api' as const, 'automatic' as const),
      action: text,
      subject: text,
      reason: text,
      before: fc.anything(),
      after: fc.oneof(fc.jsonValue(), text),
    })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), entries => {
        const db = chainOf(entries)
        expect(verify(db)).toMatchObject({ fault: undefined, rows: entries.length })
        db.close()
      }),
      { numRuns: 25 },
    )
  })

  test('can be neither changed nor shortened, nor can a row be put in between', () => {
    const db = chainOf(rows(3))
    expect(() => db.exec("UPDATE audit SET reason = 'x' WHERE seq = 2")).toThrow('can not be changed')
    expect(() => db.exec('DELETE FROM audit WHERE seq = 1')).toThrow('can not be changed')
    expect(() => db.exec('DELETE FROM audit')).toThrow('can not be changed')
    expect(() =>
      db.exec(
        "INSERT INTO audit SELECT 9, at_ms, 'x', source, action, subject, reason, before_json, after_json, hash FROM audit WHERE seq = 1",
      ),
    ).toThrow('next row only')
    expect(() =>
      db.exec(
        "REPLACE INTO audit SELECT seq, at_ms, 'x', source, action, subject, reason, before_json, after_json, hash FROM audit WHERE seq = 1",
      ),
    ).toThrow('next row only')
    expect(() => db.exec("INSERT INTO audit_cut VALUES (3, 0, 'x'); DELETE FROM audit WHERE seq = 1")).toThrow(
      'can not be changed',
    )
  })

  test.each([
    'at_ms = at_ms + 1',
    "actor = 'eve'",
    "source = 'cli'",
    "action = ''",
    "subject = 'erp'",
    "reason = reason || ' '",
    "before_json = '{}'",
    "after_json = '1'",
    "hash = replace(hash, 'a', 'b') || '0'",
  ])('names the row where %s was set', change => {
    const db = chainOf(rows(6))
    tamper(db, `UPDATE audit SET ${change} WHERE seq = 4`)
    const { fault, head } = verify(db)
    expect(fault).toContain('row 4 was changed')
    expect(head.seq).toBe(3)
  })

  test('names the rows that are missing at its beginning and in its middle', () => {
    const first = chainOf(rows(6))
    tamper(first, 'DELETE FROM audit WHERE seq = 1')
    expect(verify(first).fault).toBe('row 1 is missing')
    const middle = chainOf(rows(6))
    tamper(middle, 'DELETE FROM audit WHERE seq IN (3, 4)')
    expect(verify(middle).fault).toBe('the rows 3 to 4 are missing')
  })

  test('finds a row that was put in, with all later ones moved on', () => {
    const db = chainOf(rows(5))
    tamper(
      db,
      `UPDATE audit SET seq = -seq - 1 WHERE seq >= 3; UPDATE audit SET seq = -seq WHERE seq < 0;
       INSERT INTO audit SELECT 3, at_ms, 'eve', source, action, subject, reason, before_json, after_json, hash FROM audit WHERE seq = 2`,
    )
    expect(verify(db).fault).toContain('row 3 was changed or put in')
  })

  test('finds a missing row whose successors were renumbered', () => {
    const db = chainOf(rows(5))
    tamper(
      db,
      'DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5',
    )
    expect(verify(db).fault).toContain('row 3 was changed or put in')
  })

  test('misses its end only where a hash was kept elsewhere', () => {
    const db = chainOf(rows(6))
    const { head } = verify(db)
    addToChain(db, auditOf('erp'), 7)
    expect(verify(db, ` ${head.hash.toUpperCase()}\n`).fault).toBeUndefined()
    tamper(db, 'DELETE FROM audit WHERE seq >= 6')
    expect(verify(db).fault).toBeUndefined()
    expect(verify(db, head.hash).fault).toContain('rows behind row 5 were deleted')
  })

  test('notices that a guard was taken away', () => {
    const db = chainOf(rows(2))
    db.exec('DROP TRIGGER audit_no_update')
    expect(verify(db).fault).toContain('the trigger audit_no_update')
  })

  test('begins later after its retention, says so itself, and is whole', () => {
    const old = Array.from({ length: 50 }, (_, index) => auditOf('erp', { atMs: index * DAY_MS }))
    const db = chainOf(old)
    const { hash: kept } = verify(db).head
    tidy(db, 'none', DEFAULT_RETENTION, 409 * DAY_MS)
    const verdict = verify(db, kept)
    expect(verdict).toMatchObject({ fault: undefined, rows: 44, cut: { seq: 7 }, head: { seq: 51 } })
    // Once a week, not with each row that grows old.
    tidy(db, 'none', DEFAULT_RETENTION, 413 * DAY_MS)
    expect(verify(db).head.seq).toBe(51)
    tidy(db, 'none', DEFAULT_RETENTION, 416 * DAY_MS)
    expect(verify(db)).toMatchObject({ fault: undefined, cut: { seq: 14 }, head: { seq: 52 } })
  })

  test('loses a week at a time to a clock that is years ahead', () => {
    const db = chainOf(Array.from({ length: 50 }, (_, index) => auditOf('erp', { atMs: index * DAY_MS })))
    tidy(db, 'none', DEFAULT_RETENTION, 5000 * DAY_MS)
    expect(verify(db)).toMatchObject({ fault: undefined, cut: { seq: 7 }, rows: 44 })
  })

  test('is not whole where somebody else has cut off its beginning', () => {
    const db = chainOf(rows(5))
    tamper(
      db,
      `INSERT INTO audit_cut SELECT seq, ${500 * DAY_MS}, hash FROM audit WHERE seq = 2; DELETE FROM audit WHERE seq <= 2`,
    )
    expect(verify(db).fault).toBe('the rows up to 2 were deleted, and no row says that vigia did it')
  })

  test('finds any bit that is turned over in a row of the file', () => {
    const folder = storeFolder()
    const path = join(folder, 'vigia.db')
    const marks = Array.from({ length: 40 }, (_, index) => `mark-${index}-${'x'.repeat(20)}-end`)
    chainOf(
      marks.map(reason => auditOf('erp', { reason })),
      path,
    ).close()
    expect(inspectAudit(path, undefined).fault).toBeUndefined()
    const bytes = readFileSync(path)
    const random = branch(7, 'bits')
    for (let round = 0; round < 40; round += 1) {
      const copy = join(folder, 'copy.db')
      copyFileSync(path, copy)
      const mark = marks[round]!
      const offset = whole(0, mark.length - 1, random)
      const bit = 1 << whole(0, 7, random)
      const changed = Buffer.from(bytes)
      // A page keeps former copies of its rows in unused places: they say nothing, so the one that counts is among all.
      for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) changed[at + offset]! ^= bit
      writeFileSync(copy, changed)
      expect(inspectAudit(copy, undefined).fault, `byte ${offset} of ${mark}`).toContain(`row ${round + 1} was changed`)
    }
  })

  test('says so where the file is too broken to be read to its end', () => {
    const path = join(storeFolder(), 'vigia.db')
    const long = 'x'.repeat(500)
    chainOf(
      Array.from({ length: 100 }, () => auditOf('erp', { reason: long })),
      path,
    ).close()
    const bytes = readFileSync(path)
    // Everything behind the schema: every page but the first few loses its head.
    for (let page = 12; page * 4096 < bytes.length; page += 1) bytes.fill(0xff, page * 4096, page * 4096 + 64)
    writeFileSync(path, bytes)
    expect(inspectAudit(path, undefined).fault).toMatch(/nothing can be read behind row|is missing|was changed/)
  })
})
