import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'vite'
import { describe, expect, it } from 'vitest'
import { AUDIT_ACTIONS } from '../../shared/auditActions.ts'
import { LANGUAGES } from '../../shared/languages.ts'
import { PAGES, readCatalogue, SERVER, textsByArea } from '../../web/build/catalogue.ts'
import { translate } from '../../web/build/plugin.ts'
import { marksIn } from '../../web/build/sentences.ts'
import { textsOf } from '../../web/build/texts.ts'
import { ERROR_CODES } from '../../src/errors.ts'
import { handlers } from '../../src/jobs/index.ts'
import { shapeOf } from '../../src/words.ts'
import { ROOT } from './tree.ts'

const areas = textsByArea(PAGES)
const files = globSync('{web/src,shared}/**/*.{ts,tsx}', { cwd: ROOT })
const sourceOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

const LISTS = LANGUAGES.slice(1).flatMap((language) =>
  [PAGES, SERVER].map((speaker) => ({ language, speaker, folder: speaker.folder })),
)
describe.each(LISTS)('the catalogue $folder/$language', ({ language, speaker }) => {
  const { texts: catalogue } = readCatalogue(speaker, language)

  it('has each text in its area, and no other: npm run texts', () => {
    const keysOf = (of: Record<string, object>) =>
      Object.fromEntries(Object.entries(of).map(([area, words]) => [area, Object.keys(words).toSorted()]))
    expect(keysOf(catalogue)).toEqual(keysOf(textsByArea(speaker)))
  })

  it('translates each, with the same values and elements', () => {
    const faults = Object.values(catalogue)
      .flatMap((words) => Object.entries(words))
      .filter(([text, words]) => words === '' || marksIn(words).join() !== marksIn(text).join())
    expect(faults).toEqual([])
  })
})

it('no two texts of the server differ by nothing but the names of their values: it looks them up without', () => {
  const texts = Object.values(textsByArea(SERVER)).flatMap((words) => Object.keys(words))
  expect(texts.length).toBeGreaterThan(100)
  expect(texts.filter((text, at) => texts.map(shapeOf).indexOf(shapeOf(text)) !== at)).toEqual([])
})

/** Where jobs say why they wait or fail, and what they are doing at a hypervisor. */
const REASON =
  /(?:\b(?:permanent|waitFor)\(\s*'\w+',|\bJobError\('\w+',\s*[^,]+,|\bdoTask\(run, [\w.]+,)\s*(['`])((?:(?!\1).)+)\1/g

describe.each(LANGUAGES.slice(1))('the dictionaries of %s', (language) => {
  const { dictionaries } = readCatalogue(PAGES, language)

  it('has words for every action of the audit log and every code that the API answers with', () => {
    const words = (name: string) =>
      Object.entries(dictionaries[name] ?? {})
        .flatMap(([code, text]) => (text === '' ? [] : [code]))
        .toSorted()
    expect(words('actions')).toEqual([...AUDIT_ACTIONS].toSorted())
    expect(words('codes')).toEqual([...new Set(answeredCodes())].toSorted())
  })

  it('has words for every code of errors, every step of a job and every reason why one waits or fails', () => {
    const said = (name: string) => new Set(Object.keys(dictionaries[name] ?? {}).map(shapeOf))
    expect(ERROR_CODES.filter((code) => !dictionaries['errors']?.[code])).toEqual([])
    const titles = [...handlers.values()].flatMap(({ steps }) => steps.map(({ title }) => title))
    const jobs = globSync('src/jobs/*.ts', { cwd: ROOT }).map((file) => withoutValues(sourceOf(file)))
    const reasons = jobs.flatMap((source) => [...source.matchAll(REASON)].map(([, , text = '']) => text))
    expect(reasons.length).toBeGreaterThan(80)
    const jobWordsOf = said('jobs')
    const isSaid = (text: string) =>
      jobWordsOf.has(text) || (/^Reading the \w+$/.test(text) && jobWordsOf.has('Reading the {}'))
    // Values and a colon are the words of others.
    expect([...titles, ...reasons].filter((text) => !isSaid(text) && /[a-z]{3}/.test(text))).toEqual([])
  })

  it.each(['errors', 'jobs'])('has words for no sentence of %s that the server does not say', (name) => {
    const server = globSync('src/**/*.ts', { cwd: ROOT })
      .map((file) => withoutValues(sourceOf(file)))
      .join('\n')
    const codes = new Set<string>(ERROR_CODES)
    const faults = Object.entries(dictionaries[name] ?? {}).filter(
      ([text, words]) =>
        words === '' ||
        marksIn(words).join() !== marksIn(text).join() ||
        !(
          codes.has(text) ||
          [`'${shapeOf(text)}`, `\`${shapeOf(text)}`, `"${shapeOf(text)}`].some((one) => server.includes(one))
        ),
    )
    expect(faults).toEqual([])
  })
})

it('a page in which every text is replaced is still valid, and none of its texts is left', () => {
  const words = Object.fromEntries(
    Object.values(areas).flatMap((texts) => Object.keys(texts).map((text) => [text, `»${text}«`])),
  )
  for (const file of files) {
    const after = translate(file, sourceOf(file), words)
    expect(parseSync(file, after).errors, file).toEqual([])
    expect(
      textsOf(file, after).filter(({ key }) => key in words),
      file,
    ).toEqual([])
  }
})

/** With `{}` in the place of what is put into texts. */
function withoutValues(source: string): string {
  let out = ''
  let depth = 0
  for (let at = 0; at < source.length; at++) {
    if (depth === 0 && source.startsWith('${', at)) {
      out += '{}'
      depth = 1
      at++
    } else if (depth === 0) out += source[at]
    else if (source[at] === '{') depth++
    else if (source[at] === '}') depth--
  }
  return out
}

/** Words of the API that no page spells out: names of headers and fields, formats, protocols, ways of searching. */
const NEVER_SHOWN = new Set(
  `abort any apiKey content-type createdAt csv cursor etag event exact false getJob headers icmp id idempotency-key
  if-match jsonl location prefix raw reason result retry-after same-origin sec-fetch-site secret signature similar
  string tcp time true udp verify webhook-id webhook-signature webhook-timestamp word x-request-id`.split(
    /\s+/,
  ),
)

/** The values of all enumerations, as the types of the client have them from the OpenAPI document. */
const answeredCodes = (): string[] =>
  [
    ...sourceOf('packages/client/src/operations.ts').matchAll(
      /["']([a-z][a-zA-Z_]*(?:-[a-z]+)*(?:-01)?)["']/g,
    ),
  ]
    .map(([, code]) => code ?? '')
    .filter((code) => !NEVER_SHOWN.has(code))

type Node = { type: string; start: number; end: number; [key: string]: unknown }

/** Strings that read like a sentence and are no text: a capital letter, then words. Errors of programs are for programmers. */
function unmarkedIn(file: string): string[] {
  const source = sourceOf(file)
  const marked = new Set(textsOf(file, source).map(({ start }) => start))
  const found: string[] = []
  const visit = (node: Node): void => {
    if (node.type === 'NewExpression') return
    if (node.type === 'TaggedTemplateExpression')
      return (node['quasi'] as { expressions: Node[] }).expressions.forEach(visit)
    const words =
      node.type === 'Literal' ? node['value'] : node.type === 'TemplateElement' ? wordsOf(node) : undefined
    if (
      typeof words === 'string' &&
      /^\p{Lu}\p{Ll}+ (?:.* )?\p{Ll}{2}/u.test(words) &&
      !marked.has(node.start)
    )
      found.push(`${file}: ${words}`)
    for (const [key, value] of Object.entries(node))
      if (key !== 'parent') for (const child of [value].flat()) if (isNode(child)) visit(child)
  }
  visit(parseSync(file, source).program as unknown as Node)
  return found
}
const wordsOf = ({ value }: Node): string => (value as { cooked: string | null }).cooked ?? ''
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value

it('no sentence is put into a page, a mail or a document without being marked', () => {
  const said = globSync(
    '{web/src/**/*.{ts,tsx},src/services/mail/*.ts,src/services/billing/{documentWords,lineWords}.ts}',
    {
      cwd: ROOT,
    },
  )
  expect(said.flatMap((file) => unmarkedIn(file))).toEqual([])
})
