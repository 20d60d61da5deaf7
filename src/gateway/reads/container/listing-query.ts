// What of a client's query bounds and forms a container's listing. Pure. Nothing else of it may go where it is asked for with the gateways'
// rights: there it might mean more than a listing.
import { encodeName, queryParameter } from '../../../swift/path.js';

/** As Swift knows them (container/server.py, GET; common/middleware/listing_formats.py). */
const PARAMETERS = [
  ...['limit', 'marker', 'end_marker', 'prefix', 'delimiter', 'path', 'reverse', 'format'],
] as const;

/** @param target of a client's request, or its query @returns '' or a query with its `?`; of a parameter that is there twice the last counts, as in Swift */
export function listingQuery(target: string): string {
  const fields = PARAMETERS.flatMap((name) => {
    const value = queryParameter(target, name);
    return value === undefined ? [] : [`${name}=${encodeName(value)}`];
  });
  return fields.length === 0 ? '' : `?${fields.join('&')}`;
}
