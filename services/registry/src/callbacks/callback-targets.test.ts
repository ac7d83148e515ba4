import { RequestState } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { readCallbackTargets } from './callback-targets.ts';

const read = (entry: object) => readCallbackTargets(JSON.stringify({ callbacks: [entry] }));

describe('the callbacks file', () => {
  it('names a URL for an emitter; by default it hears of ends and of what is urgent', () => {
    const target = read({ emitter: 'shop', url: 'https://shop.example/lethe' }).get('shop');
    expect(target?.url.href).toBe('https://shop.example/lethe');
    expect(target?.states.has(RequestState.REQUEST_STATE_COMPLETED)).toBe(true);
    expect(target?.states.has(RequestState.REQUEST_STATE_ACCEPTED)).toBe(false);
  });

  it('may choose the states', () => {
    const states = ['accepted', 'completed'];
    const target = read({ emitter: 'shop', url: 'https://shop.example/', states }).get('shop');
    expect([...(target?.states ?? [])]).toEqual([
      RequestState.REQUEST_STATE_ACCEPTED,
      RequestState.REQUEST_STATE_COMPLETED,
    ]);
  });

  it.each([
    ['plain http', { url: 'http://shop.example/' }, /url = "http:\/\/shop.example": is not https/],
    ['a loopback address', { url: 'https://127.0.0.1/' }, /is not a public address/],
    ['a disguised one', { url: 'https://0x7f.1/' }, /"https:\/\/127.0.0.1": is not a public/],
    ['a decimal one', { url: 'https://2130706433/' }, /is not a public address/],
    ['IPv6 loopback', { url: 'https://[::1]/' }, /is not a public address/],
    ['a password', { url: 'https://me:secret@shop.example/' }, /has a user, a password/],
    ['no URL', { url: 'shop' }, /is no URL/],
    ['an unknown state', { states: ['done'] }, /states = "done": is no state/],
    ['an unknown field', { uri: 'x' }, /callbacks\[0\].uri = "x": is not known/],
    ['a bad network', { networks: ['10.0.0.0'] }, /networks = "10.0.0.0": is no network/],
    ['no emitter', { emitter: '' }, /emitter/],
  ])('is refused with %s', (_, change, message) => {
    expect(() => read({ emitter: 'shop', url: 'https://shop.example/', ...change })).toThrow(
      message,
    );
  });

  it('never repeats the secret path or password of a URL', () => {
    const url = 'http://me:hunter2@shop.example/tok-123';
    expect(() => read({ emitter: 'shop', url })).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/hunter2|tok-123/) }),
    );
  });

  it('takes http and private addresses where their network is named', () => {
    const networks = ['127.0.0.0/8'];
    expect(read({ emitter: 'shop', url: 'http://127.0.0.1:8080/', networks }).size).toBe(1);
  });

  it('is refused when it names an emitter twice, or is no JSON', () => {
    const entry = { emitter: 'shop', url: 'https://shop.example/' };
    expect(() => readCallbackTargets(JSON.stringify({ callbacks: [entry, entry] }))).toThrow(
      /is there twice/,
    );
    expect(() => readCallbackTargets('{')).toThrow(/is no JSON/);
  });
});
