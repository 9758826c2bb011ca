// Ten things that people do most, in Firefox: `node firefox.js`, with the hub's address, its administrator's token and
// the browser in the environment. It prints a line of JSON for each: its name, and what went wrong or null.
// Playwright drives only a Firefox of its own; this one is the system's, over WebDriver BiDi.

import puppeteer from 'puppeteer-core';

const { HUB: hub = '', TOKEN: token = '', FIREFOX: executablePath = '' } = process.env;
const TIMEOUT_MS = 20_000;

/** @param {string} name */
const at = (name) => `[data-testid="${name}"]`;
const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true });
const page = await browser.newPage();
page.setDefaultTimeout(TIMEOUT_MS);
await page.setViewport({ width: 1366, height: 768 });
/** @type {string[]} */
const complaints = [];
page.on('pageerror', (error) => complaints.push(String(error)));
page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });

/** Waits for an element with these words. @param {string} name @param {string} words a regular expression */
const shows = (name, words) => page.waitForFunction((selector, source) => (
  [...document.querySelectorAll(selector)].some((one) => (
    one.checkVisibility() && new RegExp(source).test(one.textContent ?? '')))
), {}, at(name), words);

/** Waits for an attribute. @param {string} name @param {string} attribute @param {string} value */
const has = (name, attribute, value) => page.waitForFunction((selector, key, wanted) => (
  document.querySelector(selector)?.getAttribute(key) === wanted
), {}, at(name), attribute, value);

/** Waits for so many tiles that can be seen. @param {number} wanted */
const tiles = (wanted) => page.waitForFunction((count) => (
  [...document.querySelectorAll('.tile')].filter((one) => one.checkVisibility()).length === count
), {}, wanted);

/** @param {string} name */
const click = async (name) => { await (await page.waitForSelector(at(name), { visible: true }))?.click(); };

/** @type {Record<string, () => Promise<unknown>>} */
const flows = {
  async 'sign in'() {
    await page.goto(`${hub}/login`);
    await page.type(at('login-token'), token);
    await click('login-submit');
    await shows('connection', '^live$');
  },
  async 'see pictures of every camera'() {
    await tiles(3);
    // @ts-expect-error - for tests
    await page.waitForFunction(() => Object.values(window.convergecast.stats()).every(({ painted }) => painted > 3));
  },
  async 'select all'() {
    await click('select-all');
    await shows('selection-size', '^3 selected$');
  },
  async 'switch an option on'() {
    await click('option-faces');
    await has('option-faces', 'aria-pressed', 'true');
  },
  async 'choose columns'() {
    await click('columns-3');
    await has('grid', 'data-columns', '3');
  },
  async 'see only what is selected'() {
    await click('select-none');
    await click('tile-checkbox');
    await click('only-selected');
    await tiles(1);
    await click('only-selected');
    await tiles(3);
  },
  async 'open a camera and come back by the keyboard'() {
    await page.focus('.tile');
    await page.keyboard.press('Enter');
    await shows('details', 'Frames a second');
    await page.keyboard.press('Escape');
    await tiles(3);
  },
  async 'rename a camera'() {
    await page.focus('.tile');
    await page.hover('.tile');
    await click('tile-menu');
    await click('menu-rename');
    const field = await page.waitForSelector(at('rename-input'), { visible: true });
    await field?.evaluate((input) => { /** @type {HTMLInputElement} */ (input).value = ''; });
    await field?.type('<b>Door</b>');
    await page.keyboard.press('Enter');
    await shows('tile-name', '^<b>Door</b>$');
  },
  async 'look at every page'() {
    for (const name of ['events', 'faces', 'system', 'settings', 'accounts', 'cameras']) {
      await click(`page-${name}`);
      await page.waitForFunction((path) => location.pathname === path, {}, name === 'cameras' ? '/' : `/${name}`);
      await shows('connection', '^live$');
    }
  },
  async 'sign out'() {
    await click('sign-out');
    await page.waitForSelector(at('login-token'), { visible: true });
  },
};

for (const [name, run] of Object.entries(flows)) {
  complaints.length = 0;
  const failure = await run().then(() => null, String);
  console.log(JSON.stringify({ name, failure: failure ?? complaints[0] ?? null }));
}
await browser.close();
