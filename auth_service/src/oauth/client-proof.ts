import type { ClientForToken } from '#storage';
import type { CredentialFault } from './credentials.ts';

/** Why a request has not proved to be a client. The audit event says it; the answer does not, but for plain faults. */
export type Refusal =
  | CredentialFault
  | 'unknown_client'
  | 'inactive_client'
  | 'wrong_method'
  | 'wrong_secret'
  | 'wrong_assertion'
  | 'keys_unavailable'
  | 'replayed_assertion';

/** What a check of credentials found. */
export type ClientProof =
  | {
      readonly refusal: Refusal;
      /** For the audit event. */
      readonly cause?: string;
    }
  | {
      readonly refusal: null;
      /** What is left to do once everything else is right too. @returns why it is refused after all. */
      accept(): Promise<Refusal | null>;
    };

/** @param found null: there is no such client, which must cost as much as a wrong one. */
export type CheckCredentials<T> = (credentials: T, found: ClientForToken | null) => Promise<ClientProof>;
