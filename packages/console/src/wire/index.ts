/**
 * What the console's page and the registry say to each other: JSON under `/api`. Times are RFC 3339
 * texts, empty where there is none; figures that are not finite are `null`. Nothing here is personal.
 */
export type * from './audit-log.ts';
export type * from './callback.ts';
export type * from './dead-letter.ts';
export type * from './history.ts';
export type * from './model.ts';
export type * from './report.ts';
export type * from './request.ts';
export type * from './round.ts';
export type * from './session.ts';
