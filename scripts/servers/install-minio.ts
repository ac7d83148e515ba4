import { installGoPrograms } from './install-go-programs.ts';

/** MinIO's community server, at its last commit, which is newer than its last release. */
export function installMinio(say: (line: string) => void, force: boolean): Promise<void> {
  return installGoPrograms(
    {
      server: 'minio',
      title: 'MinIO',
      programs: { minio: 'github.com/minio/minio' },
      sources: '150 MB',
      time: '5 to 7 minutes',
      disk: '3 GB',
    },
    say,
    force,
  );
}
