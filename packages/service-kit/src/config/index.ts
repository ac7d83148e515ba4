/** Tables of settings and how they are read: what a command line needs before anything else is loaded. */
export { letheVersion } from '../version.ts';
export * from './bus-settings.ts';
export * from './config-help.ts';
export * from './config-table.ts';
export { type ConfigSources, readConfig } from './read-config.ts';
export * from './store-settings.ts';
