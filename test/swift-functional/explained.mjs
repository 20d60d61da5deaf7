// Tests that may come out differently through the gateway, each with its reason; the same list, for people, is in
// docs/reference/transparency.md.

/** Test id → why. */
export const EXPLAINED = {};
