// A file that outgrows a screen or three hides what it does. Generated files may be as long as they like.
import { readSources } from './sources.ts'

const FILE_WARNING = 300
const FILE_LIMIT = 400
const FUNCTION_LIMIT = 120

export function checkSizes(root: string): { problems: string[]; warnings: string[] } {
  const sources = readSources(root, ['packages/client/src', 'src', 'shared', 'sim', 'web']).filter(
    (source) => !source.isGenerated,
  )
  const functions = sources.flatMap(({ file, functions: found }) =>
    found.map(({ name, lines }) => ({ file: `${file}: ${name}`, lines })),
  )
  return {
    problems: [...longer(sources, FILE_LIMIT), ...longer(functions, FUNCTION_LIMIT)],
    warnings: longer(
      sources.filter(({ lines }) => lines <= FILE_LIMIT),
      FILE_WARNING,
    ),
  }
}

function longer(things: { file: string; lines: number }[], limit: number): string[] {
  return things
    .filter(({ lines }) => lines > limit)
    .map(({ file, lines }) => `${file} has ${lines} lines (limit ${limit})`)
}
