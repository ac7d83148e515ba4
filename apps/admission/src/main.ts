#!/usr/bin/env node
import { once } from 'node:events';
import {
  configHelp,
  createLog,
  letheVersion,
  type Readiness,
  readConfig,
  readTlsFiles,
  runService,
  serveOps,
  wantsHelp,
} from '@lethe/service-kit';
import { startTelemetry } from '@lethe/telemetry';
import { askRegistry } from './ask-registry.ts';
import { admissionSettings } from './config.ts';
import { ReleaseChecker } from './release-checker.ts';
import { serveReviews } from './serve-reviews.ts';

const purpose = 'tells Kubernetes whether a workload may run the models that it names.';

await runService(async (context) => {
  if (wantsHelp(context.argv)) {
    process.stdout.write(configHelp(`Lethe admission: ${purpose}`, admissionSettings));
    return;
  }
  const config = readConfig(admissionSettings, context);
  const { opsAddress, logLevel: level, logFormat: format } = config;
  const log = createLog({ service: 'admission', level, format });
  const { stack, env } = context;
  const scraped = opsAddress !== '';
  const telemetry = stack.use(
    await startTelemetry({ service: 'lethe-admission', version: letheVersion, env, scraped }),
  );
  let readiness: Readiness = { kind: 'not-ready', reason: 'starting' };
  if (scraped) {
    const ops = stack.use(
      await serveOps({ address: opsAddress, readiness: () => readiness, telemetry }),
    );
    log.info('serving operators', { http: ops.address });
  }
  const files = await readTlsFiles(config.certFile, config.keyFile, '');
  const checkRelease = stack.use(await askRegistry(config));
  const checker = new ReleaseChecker(checkRelease);
  const server = stack.use(
    await serveReviews({
      address: config.address,
      tls: { files, hasClientCa: false, requireClientCertificate: false },
      answer: (review) => checker.answer(review),
      maxReviews: config.maxReviews,
      log,
    }),
  );
  // Also while the registry is away: a refusal that says so is worth more than a closed port.
  readiness = { kind: 'ready' };
  stack.defer(() => {
    readiness = { kind: 'not-ready', reason: 'closing' };
  });
  log.info('serving', { https: server.address });
  if (!context.signal.aborted) await once(context.signal, 'abort');
});
