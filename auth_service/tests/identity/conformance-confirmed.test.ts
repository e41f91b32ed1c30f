import { EMBEDDED_CAPABILITIES } from './build-identity.ts';
import { identityConformance } from './conformance/identity.suite.ts';
import { describeIdentity } from './describe-identity.ts';

describeIdentity('embedded, accounts confirm themselves', ({ build }) => {
  identityConformance({
    open: () => build({ confirmsAutomatically: true }),
    capabilities: { ...EMBEDDED_CAPABILITIES, confirmsAutomatically: true },
  });
});
