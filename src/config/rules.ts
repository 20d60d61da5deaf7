// Which clusters the configured rules place a container on. Pure.
import type { PlacementConfig } from './config.js';
import { globMatches } from './glob.js';

/** By the first rule that fits; undefined where none does. */
export function placementByRule(
  { rules }: Pick<PlacementConfig, 'rules'>,
  name: { readonly account: string; readonly container: string },
): readonly string[] | undefined {
  return rules.find(
    (rule) => globMatches(rule.account, name.account) && globMatches(rule.container, name.container),
  )?.clusters;
}
