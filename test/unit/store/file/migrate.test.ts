import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { migrate, pragma, SCHEMA_VERSION } from '../../../../src/store/file/migrate.ts'
import { storeFolder } from '../../../support/store.ts'

test('a step that fails leaves the file at the version before, whole', () => {
  const db = new DatabaseSync(':memory:')
  const steps = ['CREATE TABLE one (a) ', 'CREATE TABLE two (a); INSERT INTO nowhere VALUES (1)']
  expect(() => migrate(db, steps)).toThrow('nowhere')
  expect(pragma(db, 'user_version')).toBe(1)
  expect(
    db
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map(row => row.name),
  ).toEqual(['one'])
  expect(migrate(db, [steps[0]!, 'CREATE TABLE two (a)'])).toBe(1)
  expect(pragma(db, 'user_version')).toBe(2)
})

test('a file that is up to date is not touched', () => {
  const db = new DatabaseSync(join(storeFolder(), 'vigia.db'))
  migrate(db)
  expect(migrate(db)).toBe(SCHEMA_VERSION)
  expect(db.prepare('SELECT total_changes() AS n').get()!.n).toBe(0)
  db.close()
})
