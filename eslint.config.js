// What the linter holds this code to: async safety, no `any`, and imports that run one way.
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const BELOW_THE_GATEWAY = [
  ...['converge', 'site', 'records', 'config'],
  ...['peers', 'sync', 'auth', 'swift', 'http', 'lib'],
];

/** Folders from the outside in; a folder may import only from those behind it (and its equals only where listed). */
const LAYERS = {
  cli: ['admin', 'check', 'local', 'gateway', 'daemon', 'verify', 'copy', ...BELOW_THE_GATEWAY],
  check: ['gateway', ...BELOW_THE_GATEWAY],
  local: ['config', 'sync', 'auth', 'swift', 'http', 'lib'],
  admin: ['gateway', 'daemon', 'copy', ...BELOW_THE_GATEWAY],
  gateway: ['copy', ...BELOW_THE_GATEWAY],
  daemon: ['verify', 'copy', ...BELOW_THE_GATEWAY],
  verify: ['copy', ...BELOW_THE_GATEWAY],
  copy: ['converge', 'site', 'records', 'config', 'peers', 'sync', 'auth', 'swift', 'http', 'lib'],
  converge: ['site', 'records', 'config', 'peers', 'sync', 'auth', 'swift', 'http', 'lib'],
  site: ['records', 'config', 'peers', 'sync', 'auth', 'swift', 'http', 'lib'],
  records: ['swift', 'http', 'lib'],
  peers: ['config', 'sync', 'auth', 'swift', 'http', 'lib'],
  sync: ['swift', 'http', 'lib'],
  auth: ['http', 'lib'],
  swift: ['auth', 'http', 'lib'],
  config: ['lib'],
  http: ['lib'],
  lib: [],
};

const layerRules = Object.entries(LAYERS).map(([folder, allowed]) => ({
  files: [`src/${folder}/**/*.ts`],
  ignores: ['**/*.test.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: Object.keys(LAYERS)
          .filter((other) => other !== folder && !allowed.includes(other))
          .map((other) => ({
            group: [`**/${other}/*`, `**/${other}/**`],
            message: `src/${folder} must not import from src/${other} (ARCHITECTURE.md, layers).`,
          })),
      },
    ],
  },
}));

export default defineConfig(
  { ignores: ['dist/**', 'node_modules/**', '.local/**'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] } } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'no-console': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      'eqeqeq': 'error',
    },
  },
  ...layerRules,
  { files: ['src/cli/**', 'bench/**', 'test/**', '**/*.mjs'], rules: { 'no-console': 'off' } },
  // Plain scripts, in no TypeScript project: the rules that need no types.
  { files: ['**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['**/*.test.ts', 'test/**'],
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
