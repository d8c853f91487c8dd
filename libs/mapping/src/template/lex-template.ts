export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string; readonly index: number }
  | { readonly kind: 'expression'; readonly text: string; readonly index: number };

export interface TemplateProblem {
  readonly index: number;
  readonly message: string;
  readonly suggestion: string;
}

export interface LexedTemplate {
  readonly parts: readonly TemplatePart[];
  readonly problems: readonly TemplateProblem[];
}

/**
 * Splits a template into text and `${expression}` parts; `$${` is the text `${`. Braces and quotes inside an
 * expression belong to it. `index` is where a part's text begins in the template.
 */
export function lexTemplate(template: string): LexedTemplate {
  const parts: TemplatePart[] = [];
  const problems: TemplateProblem[] = [];
  let text = '';
  let textIndex = 0;
  let at = 0;

  const endText = () => {
    if (text !== '') parts.push({ kind: 'text', text, index: textIndex });
    text = '';
  };

  while (at < template.length) {
    if (template.startsWith('$${', at)) {
      text += '${';
      at += 3;
    } else if (template.startsWith('${', at)) {
      endText();
      const end = expressionEnd(template, at + 2);
      if (end === null) {
        problems.push({
          index: at,
          message: '${ has no closing }',
          suggestion: 'close it, or write $${ for the text ${',
        });
        return { parts, problems };
      }
      const expression = template.slice(at + 2, end);
      if (expression.trim() === '') {
        problems.push({
          index: at,
          message: '${} is empty',
          suggestion: 'write a name or expression between the braces',
        });
      } else {
        parts.push({ kind: 'expression', text: expression, index: at + 2 });
      }
      at = end + 1;
      textIndex = at;
    } else {
      text += template[at] ?? '';
      at++;
    }
  }
  endText();
  return { parts, problems };
}

/** Index of the `}` that ends the expression at `start`, or null. */
function expressionEnd(template: string, start: number): number | null {
  let depth = 0;
  let at = start;
  while (at < template.length) {
    const char = template[at] ?? '';
    if (char === '"' || char === "'") {
      const end = stringEnd(template, at);
      if (end === null) return null;
      at = end;
      continue;
    }
    if (char === '{') depth++;
    if (char === '}') {
      if (depth === 0) return at;
      depth--;
    }
    at++;
  }
  return null;
}

/** Index behind the CEL string whose quote is at `start`: one or three quotes, raw after the letter r. */
function stringEnd(template: string, start: number): number | null {
  const quote = template[start] ?? '';
  const delimiter = template.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote;
  const raw = /(?<![A-Za-z0-9_])[rR]$/.test(template.slice(Math.max(0, start - 2), start));
  let at = start + delimiter.length;
  while (at < template.length) {
    if (template.startsWith(delimiter, at)) return at + delimiter.length;
    at += template[at] === '\\' && !raw ? 2 : 1;
  }
  return null;
}
