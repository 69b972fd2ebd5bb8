// The tables, as a list of steps from one version of the file to the next. A step that was released is never edited: add one.

import { AUDIT_GUARDS } from '../audit/audit-guards.ts'

/** `VIGI`, in the file's header: whose file it is. */
export const APPLICATION_ID = 0x56494749

const FIRST = `
CREATE TABLE writer (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  name TEXT NOT NULL,
  batch INTEGER NOT NULL,
  results TEXT NOT NULL
) STRICT;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  source TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  reason TEXT NOT NULL,
  before_json TEXT NOT NULL,
  after_json TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_subject ON audit (subject, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
-- Where the chain begins after its oldest rows were deleted: the hash of the last row that is gone.
CREATE TABLE audit_cut (
  cut_seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;
${Object.values(AUDIT_GUARDS)
  .map(sql => `${sql};`)
  .join('\n')}

CREATE TABLE transition (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  pool TEXT NOT NULL,
  upstream TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  cause TEXT NOT NULL,
  detail_json TEXT NOT NULL
) STRICT;
CREATE INDEX transition_place ON transition (pool, upstream, id);

CREATE TABLE incident (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  at_ms INTEGER NOT NULL,
  end_ms INTEGER,
  pool TEXT NOT NULL,
  upstream TEXT,
  kind TEXT NOT NULL,
  cause TEXT NOT NULL,
  detail_json TEXT NOT NULL
) STRICT;
CREATE INDEX incident_place ON incident (pool, upstream, id);

CREATE TABLE in_doubt (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  pool TEXT NOT NULL,
  upstream TEXT NOT NULL,
  record_json TEXT NOT NULL,
  resolved_ms INTEGER,
  resolved_by TEXT,
  resolved_how TEXT,
  resolved_note TEXT
) STRICT;
CREATE INDEX in_doubt_open ON in_doubt (id) WHERE resolved_ms IS NULL;
CREATE INDEX in_doubt_place ON in_doubt (pool, upstream, id);

CREATE TABLE configuration (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  source TEXT NOT NULL,
  revision INTEGER NOT NULL,
  summary TEXT NOT NULL,
  hash TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;

-- upstream '' is the pool itself: NULLs would not be unique.
CREATE TABLE override (
  pool TEXT NOT NULL,
  upstream TEXT NOT NULL,
  kind TEXT NOT NULL,
  value_json TEXT NOT NULL,
  PRIMARY KEY (pool, upstream, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE maintenance_window (
  id TEXT PRIMARY KEY,
  value_json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`

/** Keys of certificates and accounts, whoever they belong to. */
const SECRETS = `
CREATE TABLE secret (
  id TEXT PRIMARY KEY,
  value_json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`

/** Step n leads from version n to version n + 1. */
export const MIGRATIONS: readonly string[] = [FIRST, SECRETS]
