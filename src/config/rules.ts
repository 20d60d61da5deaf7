// Which of the configured rules is for a container. Pure.
import type { PlacementConfig, PlacementRule } from './config.js';
import { globMatches } from './glob.js';

/** The first that fits; undefined where none does. */
export function ruleFor(
  { rules }: Pick<PlacementConfig, 'rules'>,
  { account, container }: { readonly account: string; readonly container: string },
): PlacementRule | undefined {
  return rules.find((rule) => globMatches(rule.account, account) && globMatches(rule.container, container));
}
