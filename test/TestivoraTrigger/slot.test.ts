import { findSlot, slotOf } from '../../nodes/TestivoraTrigger/slot';

const PATH = '/webhook/6b1a/webhook';

test('a slot is made once and found again', () => {
  const staticData = {};
  slotOf(staticData, PATH).secret = 'whsec_1';
  expect(slotOf(staticData, PATH).secret).toBe('whsec_1');
  expect(findSlot(staticData, PATH)?.secret).toBe('whsec_1');
  expect(staticData).toEqual({ testivoraTrigger: { [PATH]: { secret: 'whsec_1' } } });
});

test('looking for a slot makes none', () => {
  const staticData = {};
  expect(findSlot(staticData, PATH)).toBeUndefined();
  expect(Object.keys({ ...(staticData as { testivoraTrigger?: object }).testivoraTrigger })).toEqual([]);
});

test.each(['/webhook-test/6b1a/webhook', '/webhook/7c2b/webhook', '/webhook/6b1a', '/hook/6b1a/webhook', '/__proto__'])(
  '%s is another webhook',
  (other) => {
    const staticData = {};
    slotOf(staticData, PATH).secret = 'whsec_1';
    expect(findSlot(staticData, other)).toBeUndefined();
    expect(slotOf(staticData, other)).toEqual({});
  },
);

test.each([
  ['a proxy that takes a prefix off', '/n8n/webhook/6b1a/webhook', PATH],
  ['a prefix that WEBHOOK_URL has since got', PATH, '/n8n/webhook/6b1a/webhook'],
  ['a slash at the end', PATH, `${PATH}/`],
])('%s leads to the same slot', (_, registered, asked) => {
  const staticData = {};
  slotOf(staticData, registered).secret = 'whsec_1';
  expect(findSlot(staticData, asked)?.secret).toBe('whsec_1');
  expect(slotOf(staticData, asked).secret).toBe('whsec_1');
});

test('two triggers in one workflow have a slot each', () => {
  const staticData = {};
  slotOf(staticData, PATH).secret = 'whsec_1';
  slotOf(staticData, '/webhook/7c2b/webhook').secret = 'whsec_2';
  expect(findSlot(staticData, PATH)?.secret).toBe('whsec_1');
  expect(findSlot(staticData, '/webhook/7c2b/webhook')?.secret).toBe('whsec_2');
});
