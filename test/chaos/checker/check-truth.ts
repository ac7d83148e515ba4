import { checkChain } from './check-chain.ts';
import { checkRequests } from './check-requests.ts';
import { checkTopics } from './check-topics.ts';
import { readLineages } from './lineage-record.ts';
import type { CheckReport, Observed } from './observed.ts';

/**
 * Recomputes what is true from what was observed, and says where the promises were broken.
 * Pure, and written without the services' code: it shares with them only what
 * docs/architecture.md and proto/ say of the objects and the topics.
 */
export function checkTruth(observed: Observed): CheckReport {
  const lineages = readLineages(observed.objects);
  const requests = checkRequests(observed.accepted, lineages);
  const topics = checkTopics(observed.accepted, lineages, requests.endings, observed.topics);
  const chains = lineages.flatMap((each) => checkChain(each, observed.objects, observed.blobs));
  const endings = [...requests.endings.values()];
  const rounds = lineages.flatMap(({ entries }) =>
    entries.filter(({ manifest }) => manifest.round !== undefined),
  );
  const promotions = rounds.filter(({ decision }) => decision?.record.promoted === true).length;
  return {
    violations: [...chains, ...requests.violations, ...topics.violations],
    figures: {
      accepted: observed.accepted.length,
      lost: requests.lost,
      twice: requests.twice,
      completed: endings.filter((ending) => ending === 'completed').length,
      escalated: endings.filter((ending) => ending === 'escalated').length,
      rounds: rounds.length,
      promotions,
      refusals: rounds.filter(({ decision }) => decision !== undefined).length - promotions,
      repeatedEvents: topics.repeatedEvents,
      repeatedRequests: topics.repeatedRequests,
    },
  };
}
