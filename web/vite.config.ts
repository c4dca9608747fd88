import { brotliCompressSync, gzipSync } from 'node:zlib'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { LANGUAGES } from '../shared/languages.ts'
import { translated } from './build/plugin.ts'

/** Writes each script and style compressed as well, so that the server only has to choose. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const [name, file] of Object.entries(bundle)) {
          if (!/\.(js|css|svg)$/.test(name)) continue
          const source = Buffer.from(file.type === 'chunk' ? file.code : file.source)
          this.emitFile({ type: 'asset', fileName: `${name}.br`, source: brotliCompressSync(source) })
          this.emitFile({ type: 'asset', fileName: `${name}.gz`, source: gzipSync(source) })
        }
      },
    },
  }
}

/** The mode names the language; a server for development speaks English. */
export default defineConfig(({ command, mode }) => {
  const language = LANGUAGES.find((one) => one === mode && one !== 'en')
  // Tests build the pages too, with NODE_ENV=test, for which React would come in its large development form.
  if (command === 'build') process.env['NODE_ENV'] = 'production'
  return {
    root: new URL('.', import.meta.url).pathname,
    plugins: [...(language ? [translated(language)] : []), react(), tailwindcss(), compressed()],
    build: {
      target: 'es2022',
      // Nothing may become a data: address, which the content security policy refuses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
    server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
  }
})
