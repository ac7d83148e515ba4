import { installGoPrograms } from './install-go-programs.ts';

/** Jaeger 2, which takes OTLP and answers questions about traces; its web pages are not in the module. */
export function installJaeger(say: (line: string) => void, force: boolean): Promise<void> {
  return installGoPrograms(
    {
      server: 'jaeger',
      title: 'Jaeger',
      programs: { jaeger: 'github.com/jaegertracing/jaeger/cmd/jaeger' },
      sources: '300 MB',
      time: '7 to 9 minutes',
      disk: '5 GB',
    },
    say,
    force,
  );
}
