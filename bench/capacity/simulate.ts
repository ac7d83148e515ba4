/**
 * A queueing model of a whole Lethe: Poisson arrivals spread over models, one lane per model, batches
 * closed by size or wait, a number of unlearners and evaluators, refusals that are tried again.
 * Event by event, seeded, in simulated seconds; nothing of the services runs.
 */
export interface CapacityInput {
  readonly requestsPerDay: number;
  readonly days: number;
  readonly models: number;
  readonly samplesPerRequest: number;
  readonly maxBatchSamples: number;
  readonly maxWaitSeconds: number;
  /** A round takes `roundSeconds + sampleSeconds · samples` on one unlearner. */
  readonly roundSeconds: number;
  readonly sampleSeconds: number;
  readonly evaluationSeconds: number;
  /** Share of candidates that the gate refuses; their requests are tried again. */
  readonly refusedShare: number;
  readonly unlearners: number;
  readonly evaluators: number;
  readonly seed: number;
}

export interface CapacityResult {
  readonly completed: number;
  readonly open: number;
  readonly rounds: number;
  readonly requestsPerRound: number;
  /** From arrival to completion. */
  readonly seconds: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Share of the time that unlearners and evaluators work. */
  readonly unlearnersBusy: number;
  readonly evaluatorsBusy: number;
}

interface Event {
  readonly time: number;
  readonly kind: 'arrival' | 'close' | 'computed' | 'judged';
  readonly model: number;
}

interface Lane {
  /** Arrival times of requests that wait. */
  waiting: number[];
  batch: number[];
  state: 'free' | 'queued' | 'busy';
}

export function simulate(input: CapacityInput): CapacityResult {
  const random = mulberry32(input.seed);
  const end = input.days * 86_400;
  const perSecond = input.requestsPerDay / 86_400;
  const mostRequests = Math.max(1, Math.floor(input.maxBatchSamples / input.samplesPerRequest));
  const lanes: Lane[] = Array.from({ length: input.models }, () => ({
    waiting: [],
    batch: [],
    state: 'free',
  }));
  const events = new EventQueue();
  const forUnlearner: number[] = [];
  const forEvaluator: number[] = [];
  const latencies: number[] = [];
  let [freeUnlearners, freeEvaluators, rounds, served] = [input.unlearners, input.evaluators, 0, 0];
  let [unlearning, evaluating, now] = [0, 0, 0];

  const exponential = () => -Math.log(1 - random()) / perSecond;
  const work = () => {
    while (freeUnlearners > 0 && forUnlearner.length > 0) {
      const model = forUnlearner.shift() as number;
      const lane = lanes[model] as Lane;
      lane.state = 'busy';
      lane.batch = lane.waiting.splice(0, mostRequests);
      const samples = lane.batch.length * input.samplesPerRequest;
      const seconds = input.roundSeconds + input.sampleSeconds * samples;
      freeUnlearners--;
      rounds++;
      served += lane.batch.length;
      unlearning += seconds;
      events.push({ time: now + seconds, kind: 'computed', model });
    }
    while (freeEvaluators > 0 && forEvaluator.length > 0) {
      const model = forEvaluator.shift() as number;
      freeEvaluators--;
      evaluating += input.evaluationSeconds;
      events.push({ time: now + input.evaluationSeconds, kind: 'judged', model });
    }
  };
  const plan = (model: number) => {
    const lane = lanes[model] as Lane;
    const oldest = lane.waiting[0];
    if (lane.state !== 'free' || oldest === undefined) return;
    if (lane.waiting.length < mostRequests && now < oldest + input.maxWaitSeconds) {
      events.push({ time: oldest + input.maxWaitSeconds, kind: 'close', model });
      return;
    }
    lane.state = 'queued';
    forUnlearner.push(model);
  };

  events.push({ time: exponential(), kind: 'arrival', model: 0 });
  for (let event = events.pop(); event !== undefined && event.time <= end; event = events.pop()) {
    now = event.time;
    const { model } = event;
    const lane = lanes[model] as Lane;
    switch (event.kind) {
      case 'arrival': {
        const target = Math.floor(random() * input.models);
        lanes[target]?.waiting.push(now);
        plan(target);
        events.push({ time: now + exponential(), kind: 'arrival', model: 0 });
        break;
      }
      case 'close':
        plan(model);
        break;
      case 'computed':
        freeUnlearners++;
        forEvaluator.push(model);
        break;
      case 'judged':
        freeEvaluators++;
        if (random() < input.refusedShare) lane.waiting.unshift(...lane.batch);
        else latencies.push(...lane.batch.map((arrived) => now - arrived));
        lane.batch = [];
        lane.state = 'free';
        plan(model);
        break;
      default:
        event.kind satisfies never;
    }
    work();
  }
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN;
  return {
    completed: latencies.length,
    open: lanes.reduce((sum, { waiting, batch }) => sum + waiting.length + batch.length, 0),
    rounds,
    requestsPerRound: rounds === 0 ? 0 : served / rounds,
    seconds: { p50: at(0.5), p95: at(0.95), p99: at(0.99) },
    unlearnersBusy: Math.min(1, unlearning / end / input.unlearners),
    evaluatorsBusy: Math.min(1, evaluating / end / input.evaluators),
  };
}

/** A binary heap by time. */
class EventQueue {
  readonly #heap: Event[] = [];

  push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] as Event).time <= event.time) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (
        child + 1 < heap.length &&
        (heap[child + 1] as Event).time < (heap[child] as Event).time
      ) {
        child++;
      }
      if ((heap[child] as Event).time >= last.time) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

/** Mulberry32 (T. Ettinger, public domain): 32 bits of state, enough for a queue. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
