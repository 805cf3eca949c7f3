import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EVENT_CLASSES, PLATFORMS } from '../../src/model/states.ts';
import { RULES } from '../../src/rules/index.ts';
import { NO_FORM, SOURCE_FORMS } from './source-forms.ts';

const RULE_DOCS = RULES.map(({ doc }) => doc);

const FOLDER = join(import.meta.dirname, '../../src/rules/docs');

const files = readdirSync(FOLDER);

describe('rule documentation', () => {
  it('has one file for each rule, named by its id', () => {
    expect(files.map((file) => basename(file, '.ts')).sort()).toEqual(RULE_DOCS.map(({ id }) => id).sort());
  });

  it.each(files)('%s exports the doc of its own rule, and the index lists it', async (file) => {
    const module: unknown = await import(join(FOLDER, file));
    expect(module).toHaveProperty('doc.id', basename(file, '.ts'));
    expect(RULE_DOCS).toContain((module as { doc: (typeof RULE_DOCS)[number] }).doc);
  });

  it('has unique ids', () => {
    expect(new Set(RULE_DOCS.map(({ id }) => id)).size).toBe(RULE_DOCS.length);
  });

  describe.each(RULE_DOCS.map((doc) => [doc.id, doc] as const))('%s', (_id, doc) => {
    const prose = [doc.title, doc.order, doc.why, doc.consequence, doc.remedy, ...doc.evidence, ...doc.disprove];
    const texts = [doc.id, ...prose, ...doc.sources];

    it('leaves nothing empty', () => {
      for (const list of [doc.evidence, doc.disprove, doc.sources, doc.platforms, doc.needs.trigger, doc.needs.state]) {
        expect(list).not.toHaveLength(0);
      }
      for (const text of texts) expect(text.trim()).toBe(text);
      for (const text of texts) expect(text).not.toBe('');
    });

    it('is plain text: one line each, no em dash, no doubled blank', () => {
      for (const text of texts) expect(text).not.toMatch(/\u2014|\u2013|\n| {2}/);
    });

    it('has a title of 3 to 10 words without a full stop', () => {
      const words = doc.title.split(' ').length;
      expect(words).toBeGreaterThanOrEqual(3);
      expect(words).toBeLessThanOrEqual(10);
      expect(doc.title).not.toMatch(/\.$/);
    });

    it('writes whole sentences that read well inside a finding', () => {
      for (const text of prose.slice(1)) expect(text).toMatch(/\.$/);
      for (const text of [doc.order, doc.why, doc.consequence, doc.remedy])
        expect(text).toMatch(/^(?:[A-Z]|vfio|pci_)/);
    });

    it('explains the mechanism in two to five sentences, consequence and remedy in one or two', () => {
      const sentences = (text: string) =>
        text.split(/\.(?:\s+(?=[A-Z]|vfio|pci_|sriov_)|$)/).filter((part) => part !== '').length;
      expect(sentences(doc.why)).toBeGreaterThanOrEqual(2);
      expect(sentences(doc.why)).toBeLessThanOrEqual(5);
      expect(sentences(doc.order)).toBe(1);
      expect(sentences(doc.consequence)).toBeLessThanOrEqual(2);
      expect(sentences(doc.remedy)).toBeLessThanOrEqual(2);
    });

    it('names platforms and event classes that exist, each once', () => {
      expect(PLATFORMS).toEqual(expect.arrayContaining([...doc.platforms]));
      expect(EVENT_CLASSES).toEqual(expect.arrayContaining([...doc.needs.trigger, ...doc.needs.state]));
      for (const list of [doc.platforms, doc.needs.trigger, doc.needs.state])
        expect(new Set(list).size).toBe(list.length);
    });

    it.each(doc.sources)('can be looked up: %s', (source) => {
      expect(
        SOURCE_FORMS.some((form) => form.test(source)),
        NO_FORM,
      ).toBe(true);
    });
  });
});
