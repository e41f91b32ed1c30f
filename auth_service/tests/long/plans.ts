import type { RawConnection } from '../support/raw-connection.ts';

/** From so many rows on nobody may read a table from its beginning to its end. */
const BIG = 10_000;

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export interface PlanReport {
  /** Tables that were read row by row, from beginning to end, though they are big. */
  readonly seqScans: string[];
  /** How rows were found, deepest first. */
  readonly scans: string[];
  /** Rows that were looked at for nothing. */
  readonly inVain: number;
  readonly ms: number;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly PlanNode[];
}

/** Runs the statement once more, as it was sent, and tells how it is done. */
export async function explain(
  query: RawConnection['query'],
  { sql, parameters }: Statement,
): Promise<PlanReport> {
  const big = new Set(
    (await query(`select relname from pg_class where relkind = 'r' and reltuples >= ${BIG}`)).map(
      ({ relname }) => relname,
    ),
  );
  const [row = {}] = await query(`explain (analyze, buffers, format json) ${sql}`, parameters);
  const [explained] = row['QUERY PLAN'] as [{ Plan: PlanNode; 'Execution Time': number }];
  const { Plan: root, 'Execution Time': ms } = explained;
  const nodes = nodesOf(root);
  const scans = nodes.filter(
    (node) => node['Relation Name'] !== undefined || node['Index Name'] !== undefined,
  );
  return {
    seqScans: scans
      .filter((node) => node['Node Type'] === 'Seq Scan' && big.has(node['Relation Name']))
      .map((node) => String(node['Relation Name'])),
    scans: [...new Set(scans.map((node) => `${node['Node Type']} ${placeOf(node)}`))],
    inVain: nodes.reduce((sum, node) => sum + removedBy(node), 0),
    ms,
  };
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [...(node.Plans ?? []).flatMap(nodesOf), node];
}

/** The partitions of one table are one place. */
function placeOf(node: PlanNode): string {
  const name = node['Index Name'] ?? node['Relation Name'] ?? '';
  return name.replace(/^audit_events_(?:\d{4}_\d\d|default)/, 'audit_events_*');
}

function removedBy(node: PlanNode): number {
  const each = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return each * node['Actual Loops'];
}
