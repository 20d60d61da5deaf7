// Compares two runs of the suite, test by test. Pure.

/**
 * The tests that came out differently, or ran only once.
 *
 * @param direct and
 * @param gateway test id → { outcome, detail }
 * @param explained test id → why it differs, for exceptions that docs/reference/transparency.md lists
 */
export function compare(direct, gateway, explained) {
  const ids = [...new Set([...direct.keys(), ...gateway.keys()])].sort();
  return ids.flatMap((id) => {
    const [before, after] = [direct.get(id), gateway.get(id)];
    if (before?.outcome === after?.outcome) return [];
    const verdict = id in explained ? 'explained' : 'unexplained';
    const detail = explained[id] ?? lastLine(after) ?? lastLine(before) ?? '';
    return [
      { id, direct: before?.outcome ?? 'not run', gateway: after?.outcome ?? 'not run', verdict, detail },
    ];
  });
}

/** `491 passed, 95 skipped` */
export function counts(results) {
  const found = {};
  for (const { outcome } of results.values()) found[outcome] = (found[outcome] ?? 0) + 1;
  return Object.entries(found)
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
}

export function renderDifferences(found) {
  if (found.length === 0) return 'No test gives anything else through the gateway.';
  const rows = found.map(({ id, direct, gateway, verdict, detail }) => [
    id.replace('test.functional.', ''),
    direct,
    gateway,
    verdict,
    detail.slice(0, 120),
  ]);
  const table = [['test', 'directly', 'gateway', 'verdict', 'why'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function lastLine(result) {
  return result?.detail === '' ? undefined : result?.detail.trim().split('\n').at(-1);
}
