import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FolderStore } from '@lethe/store';
import type { TopicRecord } from './checker/observed.ts';
import type { Observer, Surroundings } from './surroundings.ts';

/** The embedded bus and store: one file and one folder, shared by all the processes. */
export async function embeddedSurroundings(folder: string): Promise<Surroundings> {
  const busFile = join(folder, 'bus.sqlite');
  const storeFolder = join(folder, 'store');
  return {
    name: 'SQLite bus and folder store',
    serviceEnv: { LETHE_BUS: `sqlite:${busFile}`, LETHE_STORE: `folder:${storeFolder}` },
    sessionTimeoutMs: 10_000,
    openStore: () => FolderStore.open(storeFolder),
    victims: [],
    observer: observe(busFile, join(storeFolder, 'objects')),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Reads files and tables as decisions 0002 and 0004 describe them, with none of their code. */
function observe(busFile: string, objects: string): Observer {
  const pathOf = (key: string) => {
    const parts = key.split('/');
    return join(objects, ...parts.slice(0, -1).map((part) => `${part}@`), parts.at(-1)!);
  };
  return {
    async listObjects(prefix) {
      const files = await readdir(objects, { recursive: true, withFileTypes: true });
      return files
        .filter((file) => file.isFile())
        .map((file) => join(file.parentPath, file.name).slice(objects.length + 1))
        .map((path) => path.replaceAll('@/', '/'))
        .filter((key) => key.startsWith(prefix));
    },
    readObject: (key) => readFile(pathOf(key)).catch(() => undefined),
    async readTopics() {
      const db = new DatabaseSync(busFile, { readOnly: true, timeout: 10_000 });
      try {
        return readRecords(db);
      } finally {
        db.close();
      }
    },
  };
}

function readRecords(db: DatabaseSync): Map<string, TopicRecord[]> {
  const rows = db
    .prepare(
      `SELECT topic.name, log.partition, record.id & ${2 ** 40 - 1} AS offset, record.key, record.value
       FROM topic JOIN log ON log.topic_id = topic.id
       LEFT JOIN record ON record.id >> 40 = log.id ORDER BY log.id, record.id`,
    )
    .all();
  const topics = new Map<string, TopicRecord[]>();
  for (const { name, partition, offset, key, value } of rows) {
    const records = topics.get(name as string) ?? [];
    topics.set(name as string, records);
    if (!(value instanceof Uint8Array)) continue;
    records.push({
      partition: Number(partition),
      offset: BigInt(offset as number),
      key: key as string,
      value,
    });
  }
  return topics;
}
