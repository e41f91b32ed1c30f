import type { Service } from '#compose';

type Summary = Awaited<ReturnType<Service['backups']['inspect']>>;

/** Rows by table, as the archive has them. */
export function countsOf({ tables }: Summary): ReadonlyMap<string, number> {
  return new Map(tables.map(({ name, rows }) => [name, rows]));
}

/** What `--json` says of an archive, whichever command it is. */
export function archiveJson(file: string, summary: Summary, rows: ReadonlyMap<string, number>) {
  return {
    file,
    created_at: summary.createdAt,
    schema_version: summary.schemaVersion,
    encrypted: summary.isEncrypted,
    rows: Object.fromEntries(rows),
    left_out: summary.leftOut,
  };
}
