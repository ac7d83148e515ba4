import { status } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { fromServiceError } from './grpc-errors.ts';

it.each([
  ['EvaluatorService/GetVerdict', 'evaluator'],
  ['RequestService/CancelRequest', 'registry'],
])('says of %s, asked at the wrong address, who answers it', (method, owner) => {
  const details = `The server does not implement the method /lethe.v1.${method}`;
  const error = fromServiceError({ code: status.UNIMPLEMENTED, details }, 'a call');
  expect(error.code).toBe('precondition');
  expect(error.message).toContain(`${method} is answered by the ${owner}, which is not at`);
});
