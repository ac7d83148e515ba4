import { installGoPrograms } from './install-go-programs.ts';

/** Prometheus and promtool, without the discovery of a dozen clouds; its web pages are not in the module. */
export function installPrometheus(say: (line: string) => void, force: boolean): Promise<void> {
  return installGoPrograms(
    {
      server: 'prometheus',
      title: 'Prometheus',
      programs: {
        prometheus: 'github.com/prometheus/prometheus/cmd/prometheus',
        promtool: 'github.com/prometheus/prometheus/cmd/promtool',
      },
      sources: '200 MB',
      time: '3 to 4 minutes',
      disk: '3 GB',
      tags: ['remove_all_sd'],
    },
    say,
    force,
  );
}
