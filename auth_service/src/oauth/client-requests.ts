import type { AppliedLimit } from '#kv';
import type { ClientForToken } from '#storage';
import type { ClientAuthentication } from './client-authentication.ts';
import { type Parameters, readParameters } from './parameters.ts';
import type { RateLimits } from './rate-limits.ts';
import type { TokenRequest } from './types.ts';

/** A request by a client that has proved who it is. */
export interface ClientRequest {
  readonly caller: ClientForToken;
  readonly parameters: Parameters;
  /** The client's bucket after this request. Null: not limited, or not counted here. */
  readonly limit: AppliedLimit | null;
}

export interface ClientRequests {
  /**
   * Failures count against the address. @throws ServiceError `invalid_request`, `invalid_client`; RateLimitedError.
   */
  authenticate(request: TokenRequest): Promise<ClientRequest>;
  /**
   * The same, counted against the client as well. Who is known from before, and proves it by a secret of our own making, is
   * authenticated first, which asks nobody and is no work; both limits are asked in one go then. For others the address is
   * asked first.
   */
  authenticateAndCount(request: TokenRequest, parameters: Parameters): Promise<ClientRequest>;
}

export function createClientRequests(
  authentication: ClientAuthentication,
  limits: RateLimits,
): ClientRequests {
  return {
    async authenticate(request) {
      await limits.refuseBlockedAddress(request.clientIp);
      const parameters = readParameters(request.parameters);
      const caller = await limits.countFailure(request.clientIp, () =>
        authentication.authenticate(request, parameters),
      );
      return { caller, parameters, limit: null };
    },

    async authenticateAndCount(request, parameters) {
      const { clientIp } = request;
      const isWarm = authentication.isWarm(request, parameters);
      if (isWarm) limits.refuseKnownAddress(clientIp);
      else await limits.refuseBlockedAddress(clientIp);
      const caller = await limits.countFailure(clientIp, () =>
        authentication.authenticate(request, parameters),
      );
      const limit = await limits.countRequest(caller.client, clientIp, { alsoAddress: isWarm });
      return { caller, parameters, limit };
    },
  };
}
