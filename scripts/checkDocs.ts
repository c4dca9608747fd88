// Documentation that names a file must name one that exists, and never a line of it: both go stale unseen.
import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles } from './sources.ts'

const FOLDERS = 'packages|src|shared|sim|web|docs|migrations|scripts|test|bench|\\.ci'
const REPO_PATH = new RegExp(`^(?:(?:${FOLDERS})/[^\\s]*|[\\w.-]+\\.(?:json|md|config\\.ts))$`)

export function checkDocs(root: string): string[] {
  const pages = ['README.md', 'CONTRIBUTING.md', ...listFiles(root, 'docs', /\.md$/)]
  return [
    ...pages.filter((page) => existsSync(join(root, page))).flatMap((page) => checkPage(root, page)),
    ...checkMap(root),
  ]
}

function checkPage(root: string, page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replace(/^```.*?^```/gms, '')
  const paths = [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '')
  return paths.flatMap((path) => {
    if (!REPO_PATH.test(path.replace(/(:\d|#L\d).*$/, ''))) return []
    if (/(:|#L)\d/.test(path)) return [`${page}: \`${path}\` names a line; name the function instead`]
    // `src/db/<stem>.ts` and `0001_….sql` stand for any name.
    const pattern = path.replace(/<[^>]*>|…/g, '*').replace(/\/$/, '')
    return globSync(pattern, { cwd: root }).length > 0 ? [] : [`${page}: \`${path}\` does not exist`]
  })
}

/** The map shows every folder of src, or readers believe there is no other. */
function checkMap(root: string): string[] {
  const map = join(root, 'docs/ARCHITECTURE.md')
  if (!existsSync(map)) return []
  const text = readFileSync(map, 'utf8')
  return readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !text.includes(`${entry.name}/`))
    .map((entry) => `docs/ARCHITECTURE.md does not show src/${entry.name}/`)
}
