import { comparePatterns, matchesPattern } from './account-pattern';

/** The template that an account of this code is made from: of those whose pattern it is of, the most specific. */
export function matchAccountTemplate<Template extends { readonly pattern: string }>(
  templates: Iterable<Template>,
  code: string,
): Template | undefined {
  let best: Template | undefined;
  for (const template of templates) {
    if (!matchesPattern(template.pattern, code)) continue;
    if (!best || comparePatterns(template.pattern, best.pattern) < 0) best = template;
  }
  return best;
}
