/**
 * What the console may be asked, and the method of the table of roles that each call stands for: the
 * same roles and the same handlers as over gRPC.
 */
import { callbackRoutes } from './routes/callback-routes.ts';
import { deadLetterRoutes } from './routes/dead-letter-routes.ts';
import { evidenceRoutes } from './routes/evidence-routes.ts';
import { modelRoutes } from './routes/model-routes.ts';
import { requestRoutes } from './routes/request-routes.ts';
import type { Route } from './routes/route.ts';

export const consoleRoutes: readonly Route[] = [
  ...modelRoutes,
  ...requestRoutes,
  ...callbackRoutes,
  ...deadLetterRoutes,
  ...evidenceRoutes,
];
