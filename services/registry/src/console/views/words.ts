import {
  type CallbackState,
  callbackStateToJSON,
  type DeadLetterState,
  deadLetterStateToJSON,
  type Mode,
  modeToJSON,
  type Outcome,
  outcomeToJSON,
  Regulation,
  RequestState,
  regulationToJSON,
  requestStateToJSON,
} from '@lethe/contracts';

/** Names of enum values as people write them: `MODE_UNTRAIN` → `untrain`. */
export const modeWord = (mode: Mode) => short('MODE_', modeToJSON(mode));
export const outcomeWord = (outcome: Outcome) => short('OUTCOME_', outcomeToJSON(outcome));
export const stateWord = (state: RequestState) =>
  short('REQUEST_STATE_', requestStateToJSON(state));
export const regulationWord = (law: Regulation) => short('REGULATION_', regulationToJSON(law));
export const deadLetterStateWord = (state: DeadLetterState) =>
  short('DEAD_LETTER_STATE_', deadLetterStateToJSON(state));

export const callbackStateWord = (state: CallbackState) =>
  short('CALLBACK_STATE_', callbackStateToJSON(state));

/** The state of a word; `undefined` for a word that is none. */
export function requestStateOf(word: string): RequestState | undefined {
  const name = `REQUEST_STATE_${word.toUpperCase()}`;
  return Object.hasOwn(RequestState, name)
    ? RequestState[name as keyof typeof RequestState]
    : undefined;
}

/** The law of a word; `undefined` for a word that is none. */
export function regulationOf(word: string): Regulation | undefined {
  const name = `REGULATION_${word.toUpperCase()}`;
  return Object.hasOwn(Regulation, name) ? Regulation[name as keyof typeof Regulation] : undefined;
}

/** RFC 3339; empty where there is none. */
export function timeText(time: Date | undefined): string {
  return time === undefined || Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

/** JSON has no NaN and no infinity. */
export function figure(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function short(prefix: string, name: string): string {
  return name.replace(prefix, '').toLowerCase();
}
