// The triggers that keep the audit as it was written: the next row only, no change, and no deletion before its time. Part of a released
// step of the file (file/schema.ts): never edited.

const DAY_MS = 86_400_000

/** By name. Verification compares them with what the file has. */
export const AUDIT_GUARDS: Readonly<Record<string, string>> = {
  audit_only_next: `CREATE TRIGGER audit_only_next BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT raise(ABORT, 'the audit takes the next row only'); END`,
  audit_no_update: `CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit can not be changed'); END`,
  audit_no_delete: `CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM audit_cut WHERE cut_seq >= OLD.seq AND OLD.at_ms <= at_ms - ${400 * DAY_MS})
BEGIN SELECT raise(ABORT, 'the audit can not be changed'); END`,
  audit_cut_no_update: `CREATE TRIGGER audit_cut_no_update BEFORE UPDATE ON audit_cut
BEGIN SELECT raise(ABORT, 'the audit can not be changed'); END`,
  audit_cut_no_delete: `CREATE TRIGGER audit_cut_no_delete BEFORE DELETE ON audit_cut
BEGIN SELECT raise(ABORT, 'the audit can not be changed'); END`,
}
