import { detail, type Token, type World } from './model.ts'

/** Who asks. NetBox answers 403 to what is no token of its own, not 401. */
export function authenticate(world: World, header: string | undefined): Token {
  if (header === undefined) throw detail(403, 'Authentication credentials were not provided.')
  const [scheme = '', given = '', more] = header.split(' ')
  const token = more === undefined ? world.tokens.find((one) => isIt(one, scheme, given)) : undefined
  if (!token) throw detail(403, 'Invalid token')
  if (token.expired) throw detail(403, 'Token expired')
  return token
}

const isIt = ({ key, secret }: Token, scheme: string, given: string): boolean =>
  key === null
    ? scheme === 'Token' && given === secret
    : scheme === 'Bearer' && given === `nbt_${key}.${secret}`

const VERBS: Record<string, string> = {
  GET: 'view',
  POST: 'add',
  PATCH: 'change',
  PUT: 'change',
  DELETE: 'delete',
}

export const may = ({ permissions, write }: Token, method: string, app: string, model: string): boolean =>
  (method === 'GET' || write) && (permissions === null || permissions.has(`${app}.${VERBS[method]}_${model}`))

export function requireRight(token: Token, method: string, app: string, model: string): void {
  if (!may(token, method, app, model)) throw detail(403, 'You do not have permission to perform this action.')
}
