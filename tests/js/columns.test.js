// No line of the page is longer than 120 columns. ESLint counts those of the scripts.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const MOST = 120;
const ROOT = new URL('../../', import.meta.url);

for (const [folder, ending] of [['static/css/', '.css'], ['templates/', '.html']]) {
  test(`lines in ${folder} have at most ${MOST} columns`, () => {
    const names = readdirSync(new URL(folder, ROOT)).filter((name) => name.endsWith(ending));
    assert.ok(names.length > 0);
    for (const name of names) {
      const lines = readFileSync(new URL(folder + name, ROOT), 'utf8').split('\n');
      const long = lines.findIndex((line) => line.length > MOST);
      assert.equal(long, -1, `${folder}${name}:${long + 1} is too long`);
    }
  });
}
