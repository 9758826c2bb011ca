// What ESLint checks: the page in static/js, and what stands beside this file. Run from the top of the checkout.

import js from '@eslint/js';
import globals from 'globals';

const NO_MARKUP = {
  selector: 'MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML|write)$/]',
  message: 'Words from outside only ever become text, never markup: use lib/dom.js.',
};

export default [
  { ignores: ['static/js/lib/types.js'] }, // made of the hub's types
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      curly: ['error', 'multi-line'],
      eqeqeq: 'error',
      'max-len': ['error', { code: 120 }],
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-restricted-syntax': ['error', NO_MARKUP],
      'no-throw-literal': 'error',
      'no-var': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
    },
  },
  { files: ['static/js/**'], languageOptions: { globals: globals.browser } },
  { files: ['static/js/lib/liveworker.js'], languageOptions: { globals: globals.worker } },
  { files: ['tests/js/**'], languageOptions: { globals: globals.node } },
  // What it has the page evaluate.
  { files: ['tests/js/firefox.js'], languageOptions: { globals: globals.browser } },
];
