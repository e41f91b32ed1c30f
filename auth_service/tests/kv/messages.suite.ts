import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kv } from '#kv';
import type { KvBackend, OpenKvs } from './backend.ts';

export interface Heard {
  readonly messages: string[];
  readonly greetings: Set<string>;
  readonly subscription: { close(): void };
  reconnections: number;
}

const GREETING = 'hello ';

/** Listens, and waits until it is heard of. */
export async function listen(kv: Kv, channel: string): Promise<Heard> {
  const messages: string[] = [];
  const greetings = new Set<string>();
  const hear = (message: string) =>
    void (message.startsWith(GREETING) ? greetings.add(message) : messages.push(message));
  const heard: Heard = {
    messages,
    greetings,
    reconnections: 0,
    subscription: kv.subscribe(channel, hear, () => {
      heard.reconnections += 1;
    }),
  };
  await untilHeard(kv, channel, heard);
  return heard;
}

/** Says something until it comes back. */
export async function untilHeard(kv: Kv, channel: string, { greetings }: Heard): Promise<void> {
  const greeting = `${GREETING}${crypto.randomUUID()}`;
  while (!greetings.has(greeting)) {
    await kv.publish(channel, greeting);
    await sleep(5);
  }
}

async function untilCount(messages: readonly unknown[], count: number): Promise<void> {
  while (messages.length < count) await sleep(2);
}

/** What publishing guarantees everywhere. Waits in real time. */
export function describeMessages({ name }: KvBackend, open: OpenKvs): void {
  describe(`messages on ${name}`, () => {
    it('reach every listener of their channel, the sender too, and no other', async () => {
      const kv = await open();
      const [one, two, other] = [
        await listen(kv, 'rights'),
        await listen(kv, 'rights'),
        await listen(kv, 'x'),
      ];
      const sent = ['1', 'Grüße ✓', '', '{"a":"\\r\\n"}', 'x'.repeat(10_000)];
      for (const message of sent) assert.equal(await kv.publish('rights', message), true);
      await Promise.all([untilCount(one.messages, 5), untilCount(two.messages, 5)]);
      assert.deepEqual(one.messages.toSorted(), sent.toSorted());
      assert.deepEqual(two.messages.toSorted(), sent.toSorted());
      assert.deepEqual(other.messages, []);
    });

    it('reach a listener later, never within the call that sends them', async () => {
      const kv = await open();
      const { messages } = await listen(kv, 'rights');
      const sending = kv.publish('rights', 'now');
      assert.deepEqual(messages, []);
      await sending;
      await untilCount(messages, 1);
    });

    it('reach nobody who has stopped listening', async () => {
      const kv = await open();
      const [gone, here] = [await listen(kv, 'rights'), await listen(kv, 'rights')];
      gone.subscription.close();
      gone.subscription.close();
      await kv.publish('rights', 'x');
      await untilCount(here.messages, 1);
      assert.deepEqual(gone.messages, []);
      const again = await listen(kv, 'rights');
      await kv.publish('rights', 'y');
      await untilCount(again.messages, 1);
    });

    it('reach the others when one listener throws', async () => {
      const kv = await open();
      const bad = kv.subscribe('rights', () => {
        throw new Error('listener at fault');
      });
      const { messages } = await listen(kv, 'rights');
      await kv.publish('rights', 'x');
      await untilCount(messages, 1);
      bad.close();
    });

    it('may be sent before anybody has ever listened', async () => {
      assert.equal(await (await open()).publish('nobody', 'x'), true);
    });
  });
}

/** What only a store guarantees that several processes share. */
export function describeSharedMessages({ name }: KvBackend, open: OpenKvs): void {
  it(`messages and marks reach other processes on ${name}`, async () => {
    const [here, there] = await Promise.all([open(), open()]);
    const heard = await listen(there, 'rights');
    assert.ok(heard.reconnections >= 1);
    assert.equal(await here.publish('rights', 'changed'), true);
    await untilCount(heard.messages, 1);
    assert.deepEqual(heard.messages, ['changed']);
    assert.deepEqual([await here.once('jti', 10), await there.once('jti', 10)], [true, false]);
  });
}
