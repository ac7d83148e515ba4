import { describe, expect, it } from 'vitest';
import { ResourceStack } from './resource-stack.ts';

describe('ResourceStack', () => {
  it('disposes in reverse order, each before the next', async () => {
    const stack = new ResourceStack();
    const seen: string[] = [];
    stack.use({ [Symbol.dispose]: () => void seen.push('first') });
    stack.use({
      async [Symbol.asyncDispose]() {
        await new Promise((turn) => setImmediate(turn));
        seen.push('second');
      },
    });
    stack.defer(() => void seen.push('third'));
    await stack[Symbol.asyncDispose]();
    expect(seen).toEqual(['third', 'second', 'first']);
    await stack[Symbol.asyncDispose]();
    expect(seen).toHaveLength(3);
  });

  it('disposes of everything even when one fails, and tells the first failure', async () => {
    const stack = new ResourceStack();
    const seen: string[] = [];
    stack.defer(() => void seen.push('last'));
    stack.defer(() => {
      throw new Error('two');
    });
    stack.defer(() => {
      throw new Error('one');
    });
    await expect(stack[Symbol.asyncDispose]()).rejects.toThrow('one');
    expect(seen).toEqual(['last']);
  });
});
