import { metricsOf } from '@lethe/gate';

/** A gate that lets every healthy model pass: for tests of when things die, not of what is learnt. */
export const lenientPolicy = `
version: 2
name: lenient
modes:
  untrain:
${metricsOf('untrain')
  .filter((metric) => !metric.startsWith('weights.'))
  .map((metric) => `    ${metric}: off`)
  .join('\n')}
`;
