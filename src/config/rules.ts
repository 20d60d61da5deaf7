// Which of the configured rules is for a container. Pure.
import type { PlacementConfig, PlacementRule } from './config.js';
import type { Objective } from './types.js';
import { globMatches } from './glob.js';

/**
 * The first that fits; undefined where none does. Containers that clients make for the segments of large objects fit where the objects'
 * own container fits: `NAME_segments` (python-swiftclient, rclone) and `NAME+segments` (s3api).
 */
export function ruleFor(
  { rules }: Pick<PlacementConfig, 'rules'>,
  { account, container }: { readonly account: string; readonly container: string },
): PlacementRule | undefined {
  const names = [container, container.replace(/(?<=.)[_+]segments$/, '')];
  return rules.find(
    (rule) => globMatches(rule.account, account) && names.some((name) => globMatches(rule.container, name)),
  );
}

/** Which objective is for a container, and the name of the rule that says so: '' where none does. */
export function objectiveOf(
  placement: Pick<PlacementConfig, 'rules'>,
  otherwise: Objective,
): (name: { readonly account: string; readonly container: string }) => Objective & { readonly rule: string } {
  return (name) => {
    const rule = ruleFor(placement, name);
    const objective = rule?.replicationObjective;
    return objective === undefined ? { ...otherwise, rule: '' } : { ...objective, rule: rule?.name ?? '' };
  };
}
