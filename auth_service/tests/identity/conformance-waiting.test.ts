import { EMBEDDED_CAPABILITIES } from './build-identity.ts';
import { identityConformance } from './conformance/identity.suite.ts';
import { describeIdentity } from './describe-identity.ts';

describeIdentity('embedded, accounts wait for their address to be proved', ({ build }) => {
  identityConformance({
    open: () => build({ confirmsAutomatically: false }),
    capabilities: { ...EMBEDDED_CAPABILITIES, confirmsAutomatically: false },
  });
});
