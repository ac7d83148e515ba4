import {
  CallbackState,
  callbackStateToJSON,
  DeadLetterState,
  deadLetterStateToJSON,
  LetheError,
  Mode,
  modeToJSON,
  type Outcome,
  outcomeToJSON,
  Regulation,
  RequestState,
  requestStateToJSON,
} from '@lethe/contracts';

/** Names of enum values as people write them: `MODE_UNTRAIN` ↔ `untrain`. */
export const modeName = (mode: Mode): string => short('MODE_', modeToJSON(mode));
export const stateName = (state: RequestState): string =>
  short('REQUEST_STATE_', requestStateToJSON(state));
export const outcomeName = (outcome: Outcome): string => short('OUTCOME_', outcomeToJSON(outcome));

export const deadLetterStateName = (state: DeadLetterState): string =>
  short('DEAD_LETTER_STATE_', deadLetterStateToJSON(state));

export const callbackStateName = (state: CallbackState): string =>
  short('CALLBACK_STATE_', callbackStateToJSON(state));
export const parseCallbackState = (text: string): CallbackState =>
  parse('--state', 'CALLBACK_STATE_', CallbackState, text);
export const parseDeadLetterState = (text: string): DeadLetterState =>
  parse('--state', 'DEAD_LETTER_STATE_', DeadLetterState, text);
export const parseMode = (text: string): Mode => parse('--mode', 'MODE_', Mode, text);
export const parseState = (text: string): RequestState =>
  parse('--state', 'REQUEST_STATE_', RequestState, text);
export const parseRegulation = (text: string): Regulation =>
  parse('--regulation', 'REGULATION_', Regulation, text);

function short(prefix: string, name: string): string {
  return name.replace(prefix, '').toLowerCase();
}

function parse<Value>(
  option: string,
  prefix: string,
  values: Readonly<Record<string, Value>>,
  text: string,
): Value {
  const value = values[prefix + text.toUpperCase()];
  if (value !== undefined) return value;
  const known = Object.keys(values)
    .map((name) => short(prefix, name))
    .filter((name) => name !== 'unspecified');
  throw LetheError.invalid(option, text, 'is not known', `Use one of: ${known.join(', ')}.`);
}
