import { login, makeTicket, newTokenSecret } from '../auth.ts'
import { die, paramError, permError, PveError } from '../errors.ts'
import { splitList } from '../formats.ts'
import type { User } from '../model.ts'
import { can, capabilities, check, checkAny, privileges } from '../permissions.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, req, str } from '../schema.ts'
import { assertUserFile } from './pools.ts'

const userid = req(str({ format: 'pve-userid', maxLength: 64 }))

export const accessRoutes: Route[] = [
  { method: 'GET', path: '/access/domains', allow: 'world', run: () => REALMS },
  {
    method: 'POST',
    path: '/access/ticket',
    allow: 'world',
    schema: {
      'new-format': bool(),
      otp: str(),
      password: req(str()),
      path: str({ maxLength: 64 }),
      privs: str({ maxLength: 64 }),
      realm: str({ maxLength: 32 }),
      'tfa-challenge': str(),
      username: req(str({ maxLength: 64 })),
    },
    run: ticket,
  },
  {
    method: 'PUT',
    path: '/access/password',
    allow: 'all',
    schema: {
      userid,
      password: req(str({ minLength: 8, maxLength: 64 })),
      'confirmation-password': str({ minLength: 5, maxLength: 64 }),
    },
    run: setPassword,
  },
  {
    method: 'GET',
    path: '/access/permissions',
    allow: 'all',
    schema: { path: str(), userid: str() },
    run: permissions,
  },
  {
    method: 'GET',
    path: '/access/users',
    allow: 'all',
    schema: { enabled: bool(), full: bool() },
    run: listUsers,
  },
  {
    method: 'POST',
    path: '/access/users',
    allow: ({ world, caller }) => check(world, caller.userid, '/access/groups', ['User.Modify']),
    schema: {
      comment: str({ maxLength: 2048 }),
      email: str({ maxLength: 254 }),
      enable: bool(),
      expire: int({ min: 0 }),
      firstname: str({ maxLength: 1024 }),
      groups: str({ format: 'pve-groupid-list' }),
      keys: str(),
      lastname: str({ maxLength: 1024 }),
      password: str({ minLength: 8, maxLength: 64 }),
      userid,
    },
    run: createUser,
  },
  {
    method: 'GET',
    path: '/access/users/{userid}/token/{tokenid}',
    allow: ownOrModify,
    run: readToken,
  },
  {
    method: 'POST',
    path: '/access/users/{userid}/token/{tokenid}',
    allow: ownOrModify,
    schema: { comment: str(), expire: int({ min: 0 }), privsep: bool() },
    run: createToken,
  },
  { method: 'DELETE', path: '/access/users/{userid}/token/{tokenid}', allow: ownOrModify, run: deleteToken },
  { method: 'GET', path: '/access/acl', allow: 'all', run: readAcl },
  {
    method: 'PUT',
    path: '/access/acl',
    allow: ({ world, caller, params }) => {
      if (!can(world, caller.userid, params.path ?? '/', 'Permissions.Modify')) permError()
    },
    schema: {
      delete: bool(),
      groups: str({ format: 'pve-groupid-list' }),
      path: req(str()),
      propagate: bool(),
      roles: req(str({ format: 'pve-roleid-list' })),
      tokens: str({ format: 'pve-tokenid-list' }),
      users: str({ format: 'pve-userid-list' }),
    },
    run: changeAcl,
  },
]

const REALMS = [
  { realm: 'pam', type: 'pam', comment: 'Linux PAM standard authentication' },
  { realm: 'pve', type: 'pve', comment: 'Proxmox VE authentication server' },
]

function ownOrModify({ world, caller, params }: Call): void {
  if (caller.userid === params.userid) return
  checkAny(world, caller.userid, '/access/groups', ['User.Modify'])
}

function ticket({ world, params }: Call): unknown {
  const { username = '', password = '', realm } = params
  const name = username.includes('@') || realm === undefined ? username : `${username}@${realm}`
  const user = login(world, name, password)
  if (user === null) throw new PveError(401, 'authentication failure\n')
  const made = makeTicket(world, user)
  const cluster = world.state.nodes.length > 1 ? { clustername: world.state.clusterName } : {}
  const cap = capabilities(world, user)
  return { username: user, ticket: made.ticket, CSRFPreventionToken: made.csrf, cap, ...cluster }
}

function setPassword({ world, caller, params }: Call): null {
  const user = world.state.users[params.userid ?? '']
  if (!user) return die(`user '${params.userid}' does not exist`)
  if (caller.userid !== params.userid) check(world, caller.userid, '/access/groups', ['User.Modify'])
  user.password = params.password ?? null
  world.changed()
  return null
}

function permissions({ world, caller, params }: Call): unknown {
  const who = params.userid ?? caller.userid
  if (who !== caller.userid && who.split('!')[0] !== caller.userid) {
    check(world, caller.userid, '/access', ['Sys.Audit'])
  }
  const usual = ['/', '/access', '/nodes', '/pool', '/sdn', '/storage', '/vms']
  const paths =
    params.path === undefined ? [...usual, ...world.state.acl.map((entry) => entry.path)] : [params.path]
  const rows = [...new Set(paths)].map((path) => [path, privileges(world, who, path)] as const)
  return Object.fromEntries(
    rows
      .filter(([, held]) => held.size > 0)
      .map(([path, held]) => [path, Object.fromEntries([...held].map((privilege) => [privilege, 1]))]),
  )
}

function listUsers({ world, caller, params }: Call): unknown[] {
  const all = can(world, caller.userid, '/access/groups', 'Sys.Audit')
  return Object.entries(world.state.users)
    .filter(([name]) => all || name === caller.userid.split('!')[0])
    .filter(([, user]) => params.enabled === undefined || user.enabled === (params.enabled === '1'))
    .map(([name, user]) => ({
      userid: name,
      enable: user.enabled ? 1 : 0,
      expire: 0,
      'realm-type': name.endsWith('@pam') ? 'pam' : 'pve',
      ...(user.comment !== null && { comment: user.comment }),
    }))
}

function createUser({ world, params }: Call): null {
  const { userid: name = '' } = params
  assertUserFile(world, 'create user')
  if (world.state.users[name]) die(`create user failed: user '${name}' already exists`)
  world.state.users[name] = {
    password: params.password ?? null,
    enabled: params.enable !== '0',
    comment: params.comment ?? null,
    tokens: {},
  }
  world.changed()
  return null
}

function findUser({ world, params }: Call): User {
  return world.state.users[params.userid ?? ''] ?? die(`no such user ('${params.userid}')`)
}

function readToken(call: Call): unknown {
  const token = findUser(call).tokens[call.params.tokenid ?? '']
  if (!token) return die(`no such token '${call.params.tokenid}' for user '${call.params.userid}'`)
  return {
    expire: token.expire,
    privsep: token.privsep ? 1 : 0,
    ...(token.comment && { comment: token.comment }),
  }
}

function createToken(call: Call): unknown {
  const { world, params } = call
  const { tokenid = '', userid: owner = '' } = params
  const user = findUser(call)
  if (user.tokens[tokenid]) paramError({ tokenid: 'Token already exists.' })
  assertUserFile(world, 'generating token')
  const privsep = params.privsep !== '0'
  const secret = newTokenSecret()
  user.tokens[tokenid] = {
    secret,
    privsep,
    comment: params.comment ?? null,
    expire: Number(params.expire ?? 0),
  }
  world.changed()
  const info = {
    privsep: privsep ? '1' : '0',
    ...(params.comment !== undefined && { comment: params.comment }),
    ...(params.expire !== undefined && { expire: params.expire }),
  }
  return { 'full-tokenid': `${owner}!${tokenid}`, info, value: secret }
}

function deleteToken(call: Call): null {
  const { world, params } = call
  const user = findUser(call)
  assertUserFile(world, 'deleting token')
  if (!user.tokens[params.tokenid ?? '']) {
    die(`deleting token failed: no such token '${params.tokenid}' for user '${params.userid}'`)
  }
  delete user.tokens[params.tokenid ?? '']
  const full = `${params.userid}!${params.tokenid}`
  world.state.acl = world.state.acl.filter((entry) => entry.ugid !== full)
  world.changed()
  return null
}

function readAcl({ world, caller }: Call): unknown[] {
  return world.state.acl
    .filter((entry) => can(world, caller.userid, entry.path, 'Permissions.Modify'))
    .map((entry) => ({ ...entry, propagate: entry.propagate ? 1 : 0 }))
}

function changeAcl({ world, params }: Call): null {
  const { path = '/' } = params
  assertUserFile(world, 'ACL update')
  const subjects = [
    ...splitList(params.users ?? '').map((ugid) => ({ type: 'user' as const, ugid })),
    ...splitList(params.tokens ?? '').map((ugid) => ({ type: 'token' as const, ugid })),
    ...splitList(params.groups ?? '').map((ugid) => ({ type: 'group' as const, ugid })),
  ]
  if (subjects.length === 0) paramError({ users: "either 'users', 'groups' or 'tokens' is required." })
  for (const roleid of splitList(params.roles ?? '')) {
    if (!world.state.roles[roleid]) die(`ACL update failed: role '${roleid}' does not exist`)
    for (const subject of subjects) {
      const same = (entry: { path: string; ugid: string; roleid: string }) =>
        entry.path === path && entry.ugid === subject.ugid && entry.roleid === roleid
      world.state.acl = world.state.acl.filter((entry) => !same(entry))
      if (params.delete === '1') continue
      world.state.acl.push({ path, ...subject, roleid, propagate: params.propagate !== '0' })
    }
  }
  world.changed()
  return null
}
