import type { RepairedLine } from './source-text.ts';

/** Quotes text for YAML, in the style that needs no escapes. */
export function quote(text: string): string {
  return /["\\]/.test(text) ? `'${text.replaceAll("'", "''")}'` : `"${text}"`;
}

/** Puts `replacement` in the place of `line[start, end)` and counts every character of it that is new. */
export function replaceValue(line: string, start: number, end: number, replacement: string): RepairedLine {
  const old = line.slice(start, end);
  const inserted: number[] = [];
  let from = 0;
  for (let at = 0; at < replacement.length; at++) {
    if (replacement[at] === old[from]) from++;
    else inserted.push(start + at);
  }
  return { text: line.slice(0, start) + replacement + line.slice(end), inserted };
}

/** Quotes every unquoted word with a `${` in a line of a `{ }` or `[ ]` collection. */
export function quoteFlowTemplates(line: string): RepairedLine & { quoted: string[] } {
  let text = '';
  const inserted: number[] = [];
  const quoted: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (line[at] === '#' && /\s/.test(line[at - 1] ?? ' ')) break;
    const end = wordEnd(line, at);
    const word = line.slice(at, end);
    if (end > at && word.includes('${') && !/^["']/.test(word)) {
      const replaced = replaceValue(word, 0, word.length, quote(word));
      inserted.push(...replaced.inserted.map((index) => index + text.length));
      quoted.push(replaced.text);
      text += replaced.text;
    } else {
      text += word;
    }
    // What ended the word: a comma, a bracket, a colon, blanks.
    const gap = /^[\s,:[\]{}]*/.exec(line.slice(end))?.[0].length ?? 0;
    const next = end + Math.max(gap, end === at && gap === 0 ? 1 : 0);
    text += line.slice(end, next);
    at = next;
  }
  return { text: text + line.slice(at), inserted, quoted };
}

/** Where the flow word at `at` ends: at a comma, bracket or colon outside of quotes and `${}`. */
function wordEnd(line: string, at: number): number {
  const opening = line[at];
  if (opening === '"' || opening === "'") {
    const close = line.indexOf(opening, at + 1);
    return close === -1 ? line.length : close + 1;
  }
  let depth = 0;
  let end = at;
  for (let index = at; index < line.length; index++) {
    const char = line[index] ?? '';
    if (depth === 0 && /[,[\]{}]/.test(char) && !(char === '{' && line[index - 1] === '$')) break;
    if (depth === 0 && char === ':' && /\s/.test(line[index + 1] ?? ' ')) break;
    if (depth === 0 && char === '#' && /\s/.test(line[index - 1] ?? ' ')) break;
    if (char === '{') depth++;
    if (char === '}') depth--;
    if (!/\s/.test(char)) end = index + 1;
  }
  return end;
}
