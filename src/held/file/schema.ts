// The tables of held.db. What is looked at for every decision is narrow and lies apart from what is long: a change of state writes one short
// row. States are numbers: see STATES.

import type { HeldState } from '../../shared/held/messages.ts'

/** 'vigH' in ASCII. */
export const APPLICATION_ID = 0x76_69_67_48
export const SCHEMA_VERSION = 1

/** Their places are what is written: append only. */
export const STATES: readonly HeldState[] = ['waiting', 'sending', 'answered', 'in-doubt', 'dead', 'dropped']
export const STATE_NUMBER = Object.fromEntries(STATES.map((state, number) => [state, number])) as Readonly<
  Record<HeldState, number>
>

export const SCHEMA = `
  CREATE TABLE held (
    seq           INTEGER PRIMARY KEY,
    state         INTEGER NOT NULL,
    route         TEXT NOT NULL,
    key           TEXT NOT NULL,
    key_text      TEXT NOT NULL,
    dedupe        TEXT,
    fingerprint   TEXT NOT NULL,
    repeatable    INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    received_ms   INTEGER NOT NULL,
    expires_ms    INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    body_bytes    INTEGER NOT NULL,
    method        TEXT NOT NULL,
    path          TEXT NOT NULL,
    client        TEXT NOT NULL,
    request_id    TEXT NOT NULL,
    -- Until its sender was called, or never will be.
    call_url      TEXT,
    attempts      INTEGER NOT NULL DEFAULT 0,
    not_before_ms INTEGER NOT NULL DEFAULT 0,
    -- Answered, dead, dropped.
    ended_ms      INTEGER,
    remove_ms     INTEGER,
    status        INTEGER,
    upstream      TEXT,
    note          TEXT NOT NULL DEFAULT ''
  ) STRICT;
  CREATE INDEX held_live ON held (seq) WHERE ended_ms IS NULL;
  CREATE INDEX held_dead ON held (seq) WHERE state = ${STATE_NUMBER.dead};
  CREATE INDEX held_dedupe ON held (dedupe) WHERE dedupe IS NOT NULL;
  CREATE INDEX held_remove ON held (remove_ms) WHERE remove_ms IS NOT NULL;
  CREATE INDEX held_call ON held (seq) WHERE call_url IS NOT NULL;
  -- key_id: which key has encrypted it; NULL = none.
  CREATE TABLE content (seq INTEGER PRIMARY KEY, key_id TEXT, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE result (seq INTEGER PRIMARY KEY, key_id TEXT, bytes BLOB NOT NULL) STRICT;
  -- Which keys are in use, and what they have encrypted, without a look at the bytes.
  CREATE INDEX content_key ON content (key_id);
  CREATE INDEX result_key ON result (key_id);
  -- last_seq: of those that were removed. writer, batch: the last transaction.
  CREATE TABLE meta (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    id_key   BLOB NOT NULL,
    last_seq INTEGER NOT NULL,
    writer   TEXT NOT NULL,
    batch    INTEGER NOT NULL
  ) STRICT;
`
