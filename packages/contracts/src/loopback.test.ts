import { expect, test } from 'vitest';
import { isLoopback } from './loopback.ts';

test.each(['127.0.0.1', '127.8.9.1', 'localhost', 'LOCALHOST', '::1', '[::1]'])(
  '%s is this machine',
  (host) => {
    expect(isLoopback(host)).toBe(true);
  },
);

test.each(['0.0.0.0', '::', '10.0.0.1', '127.evil.example', 'localhost.example', '', '1270.0.0.1'])(
  '%s may be another',
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);
