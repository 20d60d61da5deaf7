// Puts tables into docs/benchmarks.md, between its markers. Knows nothing of what they hold.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

/**
 * Replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`, and formats the file.
 *
 * @throws Error when the file has no such markers
 */
export async function writeSections(file: string, sections: Readonly<Record<string, string>>): Promise<void> {
  let text = readFileSync(file, 'utf8');
  for (const [name, content] of Object.entries(sections)) text = replaceSection(text, name, content);
  const options = await resolveConfig(file);
  writeFileSync(file, await format(text, { ...options, filepath: file }));
}

function replaceSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`There is no ${begin} … ${end}.`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}
