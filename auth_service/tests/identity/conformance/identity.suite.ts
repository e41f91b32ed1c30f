import { before, describe } from 'node:test';
import { describeBearers } from './bearers.suite.ts';
import { describeDeletion } from './deletion.suite.ts';
import { describePasswords } from './passwords.suite.ts';
import { describeRefresh } from './refresh.suite.ts';
import { describeSessions } from './sessions.suite.ts';
import { describeSignIn } from './sign-in.suite.ts';
import { describeSignUp } from './sign-up.suite.ts';
import { describeSignUpFaults } from './sign-up-faults.suite.ts';
import type { ConformanceSuite, IdentityCapabilities, IdentityUnderTest } from './under-test.ts';

/**
 * What every keeper of accounts guarantees, by its port and by the verbs above it. The cases make people of their own
 * and leave them there, so they can be run against a server that is shared.
 */
export function identityConformance(options: {
  open(): Promise<IdentityUnderTest>;
  readonly capabilities: IdentityCapabilities;
}): void {
  describe('an identity', () => {
    let opened: IdentityUnderTest;
    before(async () => {
      opened = await options.open();
    });
    const suite: ConformanceSuite = { identity: () => opened, capabilities: options.capabilities };
    describeSignUp(suite);
    describeSignUpFaults(suite);
    describeSignIn(suite);
    describeRefresh(suite);
    describeSessions(suite);
    describePasswords(suite);
    describeDeletion(suite);
    describeBearers(suite);
  });
}
