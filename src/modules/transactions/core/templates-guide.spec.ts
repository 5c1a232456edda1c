import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isoCurrency } from '../../../common/money/currency';
import { readTemplate } from './template-definition';
import { expandTemplate } from './template-expansion';
import { type TemplateDefinition } from './transaction-template';

const guide = readFileSync(join(__dirname, '../../../../docs/guides/templates.md'), 'utf8');
const blocks = [...guide.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']) => JSON.parse(json) as unknown);

/** Three blocks each: the template, the parameters, what comes of it. */
const examples = Array.from({ length: Math.floor(blocks.length / 3) }, (_, index) => {
  const [template, { parameters }, { entries }] = blocks.slice(3 * index) as [
    TemplateDefinition & { name: string },
    { parameters: Record<string, unknown> },
    { entries: unknown },
  ];
  return { name: template.name, template, parameters, entries };
});

describe('docs/guides/templates.md', () => {
  it('has examples of three blocks each', () => {
    expect([examples.length, blocks.length % 3]).toEqual([4, 0]);
  });

  it.each(examples)('$name comes to what it says', ({ template, parameters, entries }) => {
    const scaleOf = (code: string) => isoCurrency(code)?.scale;
    expect(expandTemplate(readTemplate(template, scaleOf), parameters, scaleOf).entries).toEqual(entries);
  });
});
