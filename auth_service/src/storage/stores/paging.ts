import {
  type ExpressionBuilder,
  type ExpressionWrapper,
  type ReferenceExpression,
  type SqlBool,
  sql,
} from 'kysely';
import type { Listed, Page, Sort } from '../stores.ts';
import type { Tables } from '../tables.ts';

/** Whether one of the columns contains the text, in any case. */
export function contains<TB extends keyof Tables>(
  eb: ExpressionBuilder<Tables, TB>,
  columns: readonly ReferenceExpression<Tables, TB>[],
  text: string,
): ExpressionWrapper<Tables, TB, SqlBool> {
  const pattern = `%${literally(text)}%`;
  return eb.or(columns.map((column) => eb(column, 'ilike', pattern)));
}

/** As a part of a pattern of `like`, where it stands for itself. */
export function literally(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

/** One page with the count of all; the second statement only where the page itself does not tell it. */
export async function listPage<T>(
  page: Page,
  readPage: () => Promise<T[]>,
  readCount: () => Promise<{ count: number }>,
): Promise<Listed<T>> {
  const items = await readPage();
  const isLast = items.length < page.limit && (items.length > 0 || page.offset === 0);
  if (isLast) return { items, count: page.offset + items.length };
  return { items, count: (await readCount()).count };
}

/** The arguments of `orderBy`. */
export function orderOf<Column extends string>({ column, isDescending }: Sort<Column>) {
  return [column, isDescending ? 'desc' : 'asc'] as const;
}

/** As an integer: a bigint would come out as text from one database and as a number from the other. */
export const countAll = sql<number>`count(*)::integer`.as('count');
