import type { ConfigFault } from './config-error.ts';
import { bareName, type EnvironmentTexts, FILE_SUFFIX, PREFIX } from './lookup.ts';
import { isProviderVariable } from './sections/social-login.ts';
import { KNOWN_NAMES } from './sections.ts';

/** Nobody else uses these, so that a name of theirs that we do not know is a slip of the pen. */
const OUR_BEGINNINGS = [PREFIX, 'M2M_JWT_', 'RATE_LIMIT_', 'INITIAL_ADMIN_'];
/** What Kubernetes and Docker links inject for a Service called auth-service… */
const SERVICE_LINK = /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP|SCTP)(_|$)/;

/** A warning for each variable that looks like ours and is none, with the name that was probably meant. */
export function findUnknownVariables(texts: EnvironmentTexts): readonly ConfigFault[] {
  return Object.entries(texts)
    .filter(([name, value]) => isSlip(name, value ?? ''))
    .map(([name]) => {
      const meant = nearestName(name);
      return {
        variable: name,
        problem: 'is not a variable of this service and has no effect.',
        remedy: meant === null ? 'Unset it, or see docs/configuration.md.' : `Did you mean ${meant}?`,
      };
    });
}

function isSlip(name: string, value: string): boolean {
  if (value === '' || /^(tcp|udp|sctp):\/\//.test(value)) return false;
  if (!OUR_BEGINNINGS.some((beginning) => name.startsWith(beginning))) return false;
  return !SERVICE_LINK.test(name) && !isKnown(withoutFileSuffix(bareName(name)));
}

function isKnown(bare: string): boolean {
  return KNOWN_NAMES.has(bare) || isProviderVariable(bare);
}

function withoutFileSuffix(name: string): string {
  return name.endsWith(FILE_SUFFIX) ? name.slice(0, -FILE_SUFFIX.length) : name;
}

function nearestName(name: string): string | null {
  const bare = withoutFileSuffix(bareName(name));
  const ranked = [...KNOWN_NAMES]
    .map((known) => ({ known, distance: editDistance(bare, known) }))
    .sort((left, right) => left.distance - right.distance);
  const nearest = ranked[0];
  if (nearest === undefined || nearest.distance > Math.max(2, Math.floor(bare.length / 4))) return null;
  return name.replace(bare, nearest.known);
}

/** Levenshtein's. */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [row, character] of [...left].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...right].entries()) {
      const replaced = (previous[column] ?? 0) + (character === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
