export { openDurable, transact } from './durable-database.ts';
export { exclusively } from './exclusively.ts';
export {
  type DatabaseSync,
  type SQLInputValue,
  type StatementSync,
  sqlite,
} from './node-sqlite.ts';
export { resultCode, resultCodes, translateSqliteError } from './sqlite-error.ts';
export { SqliteFile, type SqliteSchema } from './sqlite-file.ts';
