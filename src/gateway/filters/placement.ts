// The placement engine that comes with the program: rules by account and container, from the configuration.
import type { PlacementConfig } from '../../config/config.js';
import { ruleFor } from '../../config/rules.js';
import type { Filter } from '../station.js';

/** Sets the placement of container and account requests by the first rule that fits, unless an engine before it did. */
export function placement(config: PlacementConfig): Filter {
  return (exchange, next) => {
    const { path } = exchange;
    if (exchange.placement === undefined && (path.kind === 'container' || path.kind === 'object')) {
      exchange.placement = ruleFor(config, path)?.clusters;
    }
    return next();
  };
}
