export * from './deferred.ts';
export * from './read-topic.ts';
