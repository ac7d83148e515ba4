/** One deletion request of the demo, before it is sent. */
export interface PlannedRequest {
  readonly requestId: string;
  readonly subject: string;
}

/** When the demo sends what. */
export interface Scenario {
  /** Sent while a careless setting is on the first rung of the ladder. */
  readonly careless: readonly PlannedRequest[];
  /** Sent wave after wave under the default settings. */
  readonly waves: readonly (readonly PlannedRequest[])[];
}

/**
 * Spreads `count` requests, two or more, of different people over one careless wave and up to five
 * more; the last request names somebody of whom nothing was trained on.
 *
 * @param subjects handles that own training samples, at least `count`
 * @param uuid gives request ids (seeded, so that the demo can be repeated)
 */
export function planScenario(
  subjects: readonly string[],
  count: number,
  uuid: () => string,
): Scenario {
  const known = subjects.slice(0, count - 1).map((subject) => ({ requestId: uuid(), subject }));
  const stranger = { requestId: uuid(), subject: 'subject-nobody-knows' };
  const waveCount = Math.min(waveTarget, known.length);
  const waves: PlannedRequest[][] = Array.from({ length: waveCount }, () => []);
  known.forEach((request, index) => {
    waves[Math.floor((index * waveCount) / known.length)]?.push(request);
  });
  const [careless = [], ...rest] = waves;
  const last = rest.pop() ?? [];
  return { careless, waves: [...rest, [...last, stranger]] };
}

/** One careless wave and five under the default settings. */
const waveTarget = 6;
