// Takes characters off both ends of a text, in linear time: `/x+$/` is quadratic where a client sends many of them inside.

/** As Python's `strip(characters)`. */
export function trimOf(text: string, characters: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && characters.includes(text.charAt(start))) start += 1;
  while (end > start && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}
