export * from './certificate-authority.ts';
export * from './manual-clock.ts';
export * from './read-topic.ts';
export * from './with-changes.ts';
