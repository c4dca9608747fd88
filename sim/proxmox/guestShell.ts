import type { Inside } from './model.ts'

/**
 * What a shell inside a guest does with a script: the few programs that move files are done, `true`, `false` and `exit` end
 * as they are named, and every other command ends well. It knows words in single quotes, `a || b` and `set -e`.
 */
export function runScript({ files }: Pick<Inside, 'files'>, script: string): { code: number; said: string } {
  let [strict, code, said] = [false, 0, '']
  for (const line of script.split('\n').filter((one) => one.trim() !== '')) {
    if (line.trim() === 'set -e') {
      strict = true
      continue
    }
    for (const part of line.split('||')) {
      const done = runCommand(files, wordsOf(part))
      code = done.code
      said += done.said
      if (code === 0) break
    }
    if (strict && code !== 0) break
  }
  return { code, said }
}

const wordsOf = (text: string): string[] =>
  [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

type Done = { code: number; said: string }
const GOOD: Done = { code: 0, said: '' }
const missing = (program: string, path: string): Done => ({
  code: 1,
  said: `${program}: cannot stat '${path}': No such file or directory\n`,
})

function runCommand(files: Inside['files'], [program = '', ...words]: string[]): Done {
  const [first = '', second = ''] = words.filter((word) => !/^-|^[0-7]{3}$/.test(word))
  const source = files[first]
  switch (program) {
    case 'install':
      files[second] = { content: '', mode: /^[0-7]{3}$/.exec(words[1] ?? '')?.[0] ?? '755' }
      return GOOD
    case 'cmp':
      return { code: source !== undefined && source.content === files[second]?.content ? 0 : 1, said: '' }
    case 'cp':
    case 'mv':
      if (!source) return missing(program, first)
      files[second] = { ...source }
      if (program === 'mv') delete files[first]
      return GOOD
    case 'test': {
      const isThere = files[words.at(-1) ?? ''] !== undefined
      return { code: isThere === (words[0] !== '!') ? 0 : 1, said: '' }
    }
    case 'false':
      return { code: 1, said: '' }
    case 'exit':
      return { code: Number(words[0] ?? 0), said: '' }
    default:
      return GOOD
  }
}
