import { invalid } from './model.ts'

/** What a parameter may be. A list comes as `name[0]`, a map has names of its own. */
export type Shape =
  | 'text'
  | 'integer'
  | 'boolean'
  | 'map'
  | { list: Shape }
  | { fields: Record<string, Shape> }
export type Params = Record<string, unknown>

type Tree = { [name: string]: Tree | string }

/** Reads `a[b][0]=c`, as Stripe does. */
export function decode(text: string): Tree {
  const tree: Tree = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const [first = '', ...rest] = name.split('[').map((part) => part.replace(/\]$/, ''))
    const path = [first, ...rest]
    let at = tree
    for (const part of path.slice(0, -1)) {
      const next = at[part]
      const inner = typeof next === 'object' ? next : {}
      at[part] = inner
      at = inner
    }
    const last = path.at(-1) ?? ''
    at[last === '' ? String(Object.keys(at).length) : last] = value
  }
  return tree
}

/** Checks what was sent against what is known; what is not known is refused, as Stripe does. */
export function read(tree: Tree, fields: Record<string, Shape>, within = ''): Params {
  const params: Params = {}
  for (const [name, value] of Object.entries(tree)) {
    const param = within === '' ? name : `${within}[${name}]`
    const shape = fields[name]
    if (shape === undefined)
      throw invalid(`Received unknown parameter: ${param}`, { code: 'parameter_unknown', param })
    params[name] = readOne(value, shape, param)
  }
  return params
}

function readOne(value: Tree | string, shape: Shape, param: string): unknown {
  if (shape === 'map') {
    if (typeof value === 'string') throw invalid('Invalid object', { param })
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner !== 'string')
        throw invalid('Metadata values must be strings', { param: `${param}[${name}]` })
      if (name.length > 40 || inner.length > 500)
        throw invalid('Metadata keys have up to 40 characters, values up to 500', {
          param: `${param}[${name}]`,
        })
    }
    return value
  }
  if (typeof shape === 'object') {
    if (typeof value === 'string') throw invalid('Invalid object', { param })
    if ('fields' in shape) return read(value, shape.fields, param)
    return Object.entries(value).map(([at, inner]) => readOne(inner, shape.list, `${param}[${at}]`))
  }
  if (typeof value !== 'string') throw invalid(`Invalid string: ${JSON.stringify(value)}`, { param })
  if (shape === 'integer') {
    if (!/^-?\d{1,15}$/.test(value))
      throw invalid(`Invalid integer: ${value}`, { code: 'parameter_invalid_integer', param })
    return Number(value)
  }
  if (shape === 'boolean') {
    if (value !== 'true' && value !== 'false') throw invalid(`Invalid boolean: ${value}`, { param })
    return value === 'true'
  }
  if (value === '')
    throw invalid(`You passed an empty string for '${param}'.`, { code: 'parameter_invalid_empty', param })
  return value
}

const lacking = (param: string) =>
  invalid(`Missing required param: ${param}.`, { code: 'parameter_missing', param })

export function required(params: Params, param: string): string {
  const value = params[param]
  if (typeof value !== 'string') throw lacking(param)
  return value
}

export function integer(params: Params, param: string): number {
  const value = params[param]
  if (typeof value !== 'number') throw lacking(param)
  return value
}

export const optional = (params: Params, param: string): string | null => {
  const value = params[param]
  return typeof value === 'string' ? value : null
}
export const mapOf = (params: Params, param: string): Record<string, string> => ({
  ...(params[param] as Record<string, string> | undefined),
})
