// `node web/build/pages.ts [folder]`: the pages, once for each language. What languages share has one name and stands there once.
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { LANGUAGES } from '../../shared/languages.ts'

const outDir = process.argv[2] ?? fileURLToPath(new URL('../dist', import.meta.url))
const configFile = fileURLToPath(new URL('../vite.config.ts', import.meta.url))
for (const language of LANGUAGES)
  await build({ configFile, mode: language, build: { outDir, emptyOutDir: language === LANGUAGES[0] } })
