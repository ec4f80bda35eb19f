import type { DatabaseSync } from "node:sqlite";

/** The version of the tables below, kept in the file as `user_version`. */
export const SCHEMA_VERSION = 1;

/**
 * Makes the tables, or accepts those that are there.
 * Errors: throws what SQLite says; `false` when the file was written by a newer program.
 * Why: `ready` is 1 for a task that may be taken now, 0 for one that rests until `due_at`, NULL for all others. So the next task
 * is one index seek however many rest behind it. `counts` is kept by triggers: `/metrics` and the bound on waiting tasks
 * must not count a million rows.
 */
export function prepareSchema(db: DatabaseSync): boolean {
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("BEGIN IMMEDIATE");
  const { user_version: found } = db.prepare("PRAGMA user_version").get() as { user_version: number };
  if (found === 0) db.exec(`${TABLES}; PRAGMA user_version = ${SCHEMA_VERSION}`);
  if (found <= SCHEMA_VERSION) addLater(db);
  db.exec("COMMIT");
  return found <= SCHEMA_VERSION;
}

/** What came later. Why not as another version: a program that does not know it is not disturbed, and that one may come back. */
function addLater(db: DatabaseSync): void {
  db.exec(ENDED);
  db.exec(GATE);
  const columns = db.prepare("SELECT name FROM pragma_table_info('tasks')").all() as { name: string }[];
  if (!columns.some(({ name }) => name === "progress")) db.exec("ALTER TABLE tasks ADD COLUMN progress TEXT");
}

/** For a queue some of whose types may be closed while others are open; others are spared an index. */
export function indexTypes(db: DatabaseSync): void {
  db.exec("CREATE INDEX IF NOT EXISTS tasks_ready_type ON tasks (type, priority DESC, due_at) WHERE ready = 1");
}

const GATE = `CREATE TABLE IF NOT EXISTS paused (type TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS paces (type TEXT PRIMARY KEY, due REAL NOT NULL) STRICT, WITHOUT ROWID`;

const ENDED = "CREATE INDEX IF NOT EXISTS tasks_ended ON tasks (finished_at) WHERE finished_at IS NOT NULL";

const TABLES = `
CREATE TABLE tasks (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  payload TEXT NOT NULL,
  state TEXT NOT NULL,
  ready INTEGER,
  attempts INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  result TEXT,
  error TEXT,
  idempotency_key TEXT,
  traceparent TEXT,
  worker TEXT,
  lease TEXT,
  lease_until INTEGER
) STRICT;
CREATE INDEX tasks_ready ON tasks (priority DESC, due_at) WHERE ready = 1;
CREATE INDEX tasks_delayed ON tasks (due_at) WHERE ready = 0;
CREATE INDEX tasks_running ON tasks (lease_until) WHERE state = 'running';
CREATE INDEX tasks_state ON tasks (state, id);
CREATE UNIQUE INDEX tasks_key ON tasks (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE TABLE counts (state TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counts VALUES ('queued', 0), ('running', 0), ('done', 0), ('failed', 0), ('dead', 0), ('cancelled', 0);
CREATE TRIGGER tasks_inserted AFTER INSERT ON tasks BEGIN
  UPDATE counts SET n = n + 1 WHERE state = new.state;
END;
CREATE TRIGGER tasks_moved AFTER UPDATE OF state ON tasks WHEN old.state <> new.state BEGIN
  UPDATE counts SET n = n - 1 WHERE state = old.state;
  UPDATE counts SET n = n + 1 WHERE state = new.state;
END;
CREATE TRIGGER tasks_deleted AFTER DELETE ON tasks BEGIN
  UPDATE counts SET n = n - 1 WHERE state = old.state;
END`;
