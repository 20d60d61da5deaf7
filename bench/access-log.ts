// What Swift's access log says of the requests that came to it.

/** Swift logs requests that its own middleware makes as well; they have a source near the end of the line, clients' have `-`. */
export function isClientRequest(line: string): boolean {
  return line.split(' ').at(-5) === '-';
}

/** How many of each method there are among the lines' requests to paths that the pattern (a source) fits. */
export function countByMethod(lines: readonly string[], path: string): Record<string, number> {
  const pattern = new RegExp(String.raw` ([A-Z]+) ${path} HTTP/1`);
  const byMethod: Record<string, number> = {};
  for (const line of lines) {
    const method = pattern.exec(line)?.[1];
    if (method !== undefined) byMethod[method] = (byMethod[method] ?? 0) + 1;
  }
  return byMethod;
}
