/** An OpenAPI 3.1 document, as far as anything here looks into it. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

export interface OpenApiOptions {
  readonly version: string;
  /** `''` or like `/api/v1`. */
  readonly rootPath: string;
  /** Whether there is an identity, so that the routes of people are there. */
  readonly hasPeople: boolean;
  /** Whether their tokens are signed here. Default: as `hasPeople`. */
  readonly hasKeysOfPeople?: boolean;
  /** Null: the document names no server but the one it was loaded from. */
  readonly publicUrl: string | null;
}
